// The words of a call to the server: some are the caller's, some are made here, in one buffer.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::redis {

// Octets of a double, the least significant first: scripts keep all their numbers so.
inline void append(std::string& out, double v) {
  static_assert(std::endian::native == std::endian::little);
  out.append(reinterpret_cast<const char*>(&v), sizeof v);
}
// The lower `octets` of an integer, the most significant first.
inline void append_big(std::string& out, std::uint64_t v, int octets) {
  for (int i = octets - 1; i >= 0; --i) out += static_cast<char>(v >> (8 * i));
}

class Words {
 public:
  // A word that the caller keeps until the call is over.
  void add(std::string_view word) { words_.push_back({word.data(), 0, word.size()}); }
  void add(const std::string& word) { add(std::string_view(word)); }
  void add(const char* word) { add(std::string_view(word)); }
  void add(std::int64_t number) {
    make([&](std::string& out) { out += std::to_string(number); });
  }

  // A word that `write(std::string&)` appends to the buffer.
  template <class Write>
  void make(Write write) {
    const std::size_t at = bytes_.size();
    write(bytes_);
    words_.push_back({nullptr, at, bytes_.size() - at});
  }

  // All of them; valid until the next change.
  std::vector<std::string_view> list() const {
    std::vector<std::string_view> out;
    out.reserve(words_.size());
    for (const Word& w : words_) out.emplace_back(w.theirs ? w.theirs : bytes_.data() + w.at, w.size);
    return out;
  }

 private:
  struct Word {
    const char* theirs;
    std::size_t at, size;
  };
  std::string bytes_;
  std::vector<Word> words_;
};

}  // namespace penstock::redis
