#include "line.hpp"

#include <fmt/format.h>

namespace penstock::log {
namespace {

constexpr std::size_t kMost = 1024;

// The octets of one control character at the front of `text`: 0 when there is none. Those of two
// octets are U+0080 to U+009F, which some terminals obey.
std::size_t control_size(std::string_view text) {
  auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x20 || first == 0x7F) return 1;
  if (first != 0xC2 || text.size() < 2) return 0;
  auto second = static_cast<unsigned char>(text[1]);
  return second >= 0x80 && second < 0xA0 ? 2 : 0;
}

bool is_plain(std::string_view text) {
  for (char c : text) {
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!word && std::string_view("._-/:+").find(c) == std::string_view::npos) return false;
  }
  return !text.empty() && text.size() <= kMost;
}

void escape(std::string_view octets, std::string& out) {
  if (octets == "\n") {
    out += "\\n";
  } else if (octets == "\r") {
    out += "\\r";
  } else if (octets == "\t") {
    out += "\\t";
  } else {
    for (char c : octets) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string out = "\"";
  std::string_view rest = text.substr(0, kMost);
  while (!rest.empty()) {
    std::size_t size = control_size(rest);
    if (size > 0) {
      escape(rest.substr(0, size), out);
    } else {
      size = 1;
      if (rest[0] == '"' || rest[0] == '\\') out += '\\';
      out += rest[0];
    }
    rest.remove_prefix(size);
  }
  return out + (text.size() > kMost ? "...\"" : "\"");
}

std::string format_line(const Span& span, const SpanEnd& end, std::chrono::nanoseconds took) {
  std::string out = fmt::format("span={} kind={} queue={} task={}", escaped(span.name), escaped(span.kind),
                                escaped(span.queue), escaped(span.task));
  if (span.attempt) out += fmt::format(" attempt={}", span.attempt);
  out += fmt::format(" ms={:.3f} outcome={}", std::chrono::duration<double, std::milli>(took).count(),
                     escaped(end.outcome));
  if (!end.error.empty()) out += " error=" + escaped(end.error);
  out += " trace=" + span.context.trace + " id=" + span.context.span;
  if (!span.parent.empty()) out += " parent=" + span.parent;
  return out;
}

}  // namespace penstock::log
