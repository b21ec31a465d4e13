// Writes commands as a Redis server reads them: an array of bulk strings each.
#pragma once

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace penstock::redis {

inline void append_count(std::string& out, char mark, std::size_t n) {
  char text[24];
  text[0] = mark;
  char* end = std::to_chars(text + 1, text + 22, n).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(text, end);
}

inline void append_word(std::string& out, std::string_view word) {
  append_count(out, '$', word.size());
  out.append(word).append("\r\n", 2);
}

template <class Words>
void append_words(std::string& out, const Words& words) {
  for (std::string_view word : words) append_word(out, word);
}

template <class Words>
void append_command(std::string& out, const Words& words) {
  append_count(out, '*', words.size());
  append_words(out, words);
}

inline void append_command(std::string& out, std::initializer_list<std::string_view> words) {
  append_command<std::initializer_list<std::string_view>>(out, words);
}

}  // namespace penstock::redis
