// What the core writes into the two opaque fields of a record: `body`, fixed at enqueue, and `note`,
// replaced with every settlement. A version octet, then fields of (tag, length, octets) with varint
// tags and lengths (LEB128); unknown tags are passed over, so that older programs read newer records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/options.hpp>
#include <penstock/plugin/result.hpp>
#include <penstock/plugin/time.hpp>

namespace penstock::durable {

// Body: how the task is to be treated, then the payload.
struct Envelope {
  std::uint32_t version = 1;                 // of the payload
  std::string_view codec;                    // value codec; empty: raw bytes
  std::vector<std::string_view> transforms;  // in the order in which they were applied
  std::optional<std::uint32_t> retries;
  std::optional<Millis> backoff, backoff_cap, timeout, keep_result;
  std::optional<bool> jitter;
  std::vector<std::pair<std::string_view, std::string_view>> metadata;
  std::string_view payload;  // as transformed
};
void encode(const Envelope& envelope, std::string& out);
// Views point into `body`. Errors: invalid, for any body that `encode` could not have written.
Result<Envelope> decode_envelope(std::string_view body);

// Note: what became of the task so far.
struct Note {
  std::string error;              // of the last failed attempt, or why it ended
  std::uint64_t fingerprint = 0;  // of that error
  bool timed_out = false;         // the last failed attempt overran its timeout
  double progress = 0;
  std::string progress_text;
  bool has_result = false;
  std::string result_codec;
  std::vector<std::string> result_transforms;
  std::string result;
};
std::string encode(const Note& note);  // empty when there is nothing to say
// A note that cannot be read is treated as empty: it is for people, and must not hold a task up.
Note decode_note(std::string_view text);

inline constexpr std::size_t kMaxError = 8 << 10;
inline constexpr std::size_t kMaxMetadata = 16 << 10;
inline constexpr std::size_t kMaxMetadataPairs = 64;
inline constexpr std::size_t kMaxTransforms = 8;

}  // namespace penstock::durable
