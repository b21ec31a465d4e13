// Texts as a damaged store might give them back: cut short, or with one bit turned.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

namespace penstock::durable {

// Calls `f` with every prefix of `text`, and with every text that differs from it in one bit.
template <class F>
void each_damaged(const std::string& text, F&& f) {
  for (std::size_t n = 0; n < text.size(); ++n) f(text.substr(0, n));
  for (std::size_t octet = 0; octet < text.size(); ++octet) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[octet] = static_cast<char>(damaged[octet] ^ (1 << bit));
      f(std::move(damaged));
    }
  }
}

}  // namespace penstock::durable
