// W3C trace context, version 00: the `traceparent` that joins spans of several processes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock::log {

// The ids in lower-case hexadecimal, 32 and 16 digits.
struct TraceContext {
  std::string trace, span;
};

// The ids of a traceparent; nothing when it is malformed, has an id of zeros, or is of version ff. Of
// a later version the part that version 00 knows is read, as the standard asks.
std::optional<TraceContext> parse_traceparent(std::string_view text);

// "00-<trace>-<span>-01": every span that is kept is recorded, so the sampled flag is set.
std::string format_traceparent(const TraceContext& context);

// `octets` random octets in hexadecimal, not all zero. Empty when the system has no randomness.
std::string random_id(std::size_t octets);

}  // namespace penstock::log
