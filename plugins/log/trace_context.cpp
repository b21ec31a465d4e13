#include "trace_context.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/random.h>

namespace penstock::log {
namespace {

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) { return is_hex(text) && text.find_first_not_of('0') != text.npos; }

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  constexpr std::size_t kSize = 55;  // 2 + 1 + 32 + 1 + 16 + 1 + 2
  if (text.size() < kSize || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  std::string_view version = text.substr(0, 2), trace = text.substr(3, 32), span = text.substr(36, 16);
  if (!is_hex(version) || version == "ff" || !is_id(trace) || !is_id(span) || !is_hex(text.substr(53, 2))) {
    return std::nullopt;
  }
  if (text.size() > kSize && (version == "00" || text[kSize] != '-')) return std::nullopt;
  return TraceContext{std::string(trace), std::string(span)};
}

std::string format_traceparent(const TraceContext& context) {
  return "00-" + context.trace + "-" + context.span + "-01";
}

std::string random_id(std::size_t octets) {
  std::array<unsigned char, 16> raw{};
  octets = std::min(octets, raw.size());
  std::string out;
  while (out.find_first_not_of('0') == out.npos) {
    ssize_t got = ::getrandom(raw.data(), octets, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got != static_cast<ssize_t>(octets)) return {};
    out.clear();
    for (std::size_t i = 0; i < octets; ++i) {
      out += "0123456789abcdef"[raw[i] >> 4];
      out += "0123456789abcdef"[raw[i] & 15];
    }
  }
  return out;
}

}  // namespace penstock::log
