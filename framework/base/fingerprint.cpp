#include "base/fingerprint.hpp"

namespace penstock::base {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool word(char c) { return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool hex(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

struct Hash {
  std::uint64_t value = 0xcbf29ce484222325;
  void add(char c) { value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3; }
};

// Numbers and ids: any word with a digit first, and long words of hex digits only.
bool varies(std::string_view w) {
  if (digit(w.front())) return true;
  if (w.size() < 8) return false;
  for (char c : w) {
    if (!hex(c)) return false;
  }
  return true;
}

// A UUID, whose groups may look like words.
bool uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !hex(text[i])) return false;
  }
  return true;
}

}  // namespace

std::uint64_t hash(std::string_view octets) noexcept {
  Hash hash;
  for (char c : octets) hash.add(c);
  return hash.value;
}

std::uint64_t fingerprint(std::string_view kind, std::string_view message) noexcept {
  Hash hash;
  for (char c : kind) hash.add(c);
  hash.add('\0');
  for (std::size_t i = 0; i < message.size();) {
    char c = message[i];
    if (c == '"' || c == '\'') {
      std::size_t close = message.find(c, i + 1);
      if (close != std::string_view::npos) {
        hash.add('"');
        i = close + 1;
        continue;
      }
    }
    if (!word(c)) {
      hash.add(c);
      ++i;
      continue;
    }
    std::size_t end = i;
    if (uuid(message.substr(i, 36))) {
      hash.add('#');
      i += 36;
      continue;
    }
    while (end < message.size() && word(message[end])) ++end;
    std::string_view w = message.substr(i, end - i);
    if (varies(w)) {
      hash.add('#');
    } else {
      for (char x : w) hash.add(x);
    }
    i = end;
  }
  return hash.value ? hash.value : 1;
}

}  // namespace penstock::base
