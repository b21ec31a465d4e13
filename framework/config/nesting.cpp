#include "config/nesting.hpp"

#include <algorithm>

namespace penstock::config {
namespace {

// Octets of the quoted string that `text` starts with, closing quotes included; all of it if unclosed.
std::size_t string_length(std::string_view text) {
  char quote = text[0];
  bool triple = text.size() >= 3 && text[1] == quote && text[2] == quote;
  for (std::size_t i = triple ? 3 : 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (!triple && (text[i] == quote || text[i] == '\n')) {
      return i + 1;
    } else if (triple && text.substr(i, 3) == std::string_view(text.data(), 3)) {
      return i + 3;
    }
  }
  return text.size();
}

}  // namespace

int too_deep(std::string_view text, int limit) {
  int line = 1, brackets = 0, dots = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t step = 1;
    switch (text[i]) {
      case '"':
      case '\'':
        step = string_length(text.substr(i));
        line += static_cast<int>(std::count(text.begin() + i, text.begin() + i + step, '\n'));
        break;
      case '#':
        step = std::min(text.find('\n', i), text.size()) - i;
        break;
      case '[':
      case '{':
        ++brackets, dots = 0;
        break;
      case ']':
      case '}':
        --brackets, dots = 0;
        break;
      case '.':
        ++dots;
        break;
      case '\n':
        ++line, dots = 0;
        break;
      case '=':
      case ',':
        dots = 0;
        break;
      default:
        break;
    }
    if (brackets > limit || dots >= limit) return line;
    i += step;
  }
  return 0;
}

}  // namespace penstock::config
