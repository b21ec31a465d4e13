#include "config/text.hpp"

#include <algorithm>
#include <vector>

namespace penstock::config {
namespace {

// Octets of the UTF-8 sequence that `text` starts with; 0 when it is malformed, too long a form, or a
// surrogate.
std::size_t sequence(std::string_view text) {
  auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  std::size_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                       : lead >= 0xE0 && lead < 0xF0 ? 3
                       : lead >= 0xF0 && lead < 0xF5 ? 4
                                                     : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  bool bad = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F) || (lead == 0xF0 && at(1) < 0x90) ||
             (lead == 0xF4 && at(1) > 0x8F);
  return bad ? 0 : length;
}

// C1 controls, and what turns the direction of text, has no width, or ends a line.
bool disguises(std::string_view sequence) {
  auto in = [&](std::string_view low, std::string_view high) {
    return sequence.size() == low.size() && sequence >= low && sequence <= high;
  };
  return in("\xC2\x80", "\xC2\x9F") || in("\xE2\x80\x8B", "\xE2\x80\x8F") || in("\xE2\x80\xA8", "\xE2\x80\xAE") ||
         in("\xE2\x81\xA0", "\xE2\x81\xAF") || in("\xEF\xBB\xBF", "\xEF\xBB\xBF");
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j < row.size(); ++j) {
      std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    if (out.size() >= limit) return out + "...";
    auto c = static_cast<unsigned char>(text[0]);
    std::size_t length = c < 0x20 || c == 0x7F ? 0 : sequence(text);
    if (length > 1 && disguises(text.substr(0, length))) length = 0;
    if (length == 0) {
      out += {'\\', 'x', kHex[c >> 4], kHex[c & 15]};
      length = 1;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::size_t utf8_prefix(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = sequence(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return text.size();
}

std::string quoted(std::string_view text) { return '"' + printable(text) + '"'; }

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  std::string_view best;
  if (word.size() > 64) return best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (std::string_view candidate : known) {
    std::size_t distance = edit_distance(word, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> known) {
  std::string_view near = nearest(word, known);
  return near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?";
}

bool component_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 64 || name[0] < 'a' || name[0] > 'z') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

}  // namespace penstock::config
