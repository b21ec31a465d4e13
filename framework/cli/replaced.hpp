// A text with every occurrence of a word replaced.
#pragma once

#include <string>
#include <string_view>

namespace penstock::cli {

inline std::string replaced(std::string_view text, std::string_view word, std::string_view by) {
  std::string out(text);
  for (std::size_t at = 0; (at = out.find(word, at)) != out.npos; at += by.size()) out.replace(at, word.size(), by);
  return out;
}

}  // namespace penstock::cli
