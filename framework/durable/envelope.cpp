#include "durable/envelope.hpp"

#include <cstring>
#include <limits>

#include "base/tagged.hpp"

namespace penstock::durable {
namespace {

constexpr char kVersion = 1;

// Tags. Numbers are part of the format and never reused.
enum BodyTag : std::uint32_t {
  kPayloadVersion = 1,
  kCodec,
  kTransform,
  kRetries,
  kBackoff,
  kCap,
  kTimeout,
  kKeep,
  kJitter,
  kMetaKey,
  kMetaValue,
  kPayload
};
enum NoteTag : std::uint32_t {
  kError = 1,
  kFingerprint,
  kTimedOut,
  kProgress,
  kProgressText,
  kResult,
  kResultCodec,
  kResultTransform
};

using base::each_field;
using base::put_field;
using base::put_number;
using base::take_number;

bool millis(std::string_view octets, std::optional<Millis>& out) {
  std::uint64_t value = 0;
  if (!take_number(octets, value) || value > std::uint64_t(std::numeric_limits<std::int64_t>::max())) return false;
  out = Millis(static_cast<std::int64_t>(value));
  return true;
}

bool small(std::string_view octets, std::uint32_t& out) {
  std::uint64_t value = 0;
  if (!take_number(octets, value) || value > std::numeric_limits<std::uint32_t>::max()) return false;
  out = static_cast<std::uint32_t>(value);
  return true;
}

bool read(Envelope& e, std::uint64_t tag, std::string_view octets) {
  std::uint32_t n = 0;
  switch (tag) {
    case kPayloadVersion:
      return small(octets, e.version);
    case kCodec:
      e.codec = octets;
      return true;
    case kTransform:
      e.transforms.push_back(octets);
      return e.transforms.size() <= kMaxTransforms;
    case kRetries:
      if (!small(octets, n)) return false;
      e.retries = n;
      return true;
    case kBackoff:
      return millis(octets, e.backoff);
    case kCap:
      return millis(octets, e.backoff_cap);
    case kTimeout:
      return millis(octets, e.timeout);
    case kKeep:
      return millis(octets, e.keep_result);
    case kJitter:
      if (!small(octets, n)) return false;
      e.jitter = n != 0;
      return true;
    case kMetaKey:
      e.metadata.emplace_back(octets, std::string_view());
      return e.metadata.size() <= kMaxMetadataPairs;
    case kMetaValue:
      if (e.metadata.empty()) return false;
      e.metadata.back().second = octets;
      return true;
    case kPayload:
      e.payload = octets;
      return true;
    default:
      return true;
  }
}

bool read(Note& note, std::uint64_t tag, std::string_view octets) {
  std::uint64_t n = 0;
  switch (tag) {
    case kError:
      note.error = octets;
      return true;
    case kFingerprint:
      return take_number(octets, note.fingerprint);
    case kTimedOut:
      note.timed_out = take_number(octets, n) && n != 0;
      return true;
    case kProgress:
      if (octets.size() != sizeof note.progress) return false;
      std::memcpy(&note.progress, octets.data(), sizeof note.progress);
      if (!(note.progress >= 0 && note.progress <= 1)) note.progress = 0;
      return true;
    case kProgressText:
      note.progress_text = octets;
      return true;
    case kResult:
      note.has_result = true;
      note.result = octets;
      return true;
    case kResultCodec:
      note.result_codec = octets;
      return true;
    case kResultTransform:
      note.result_transforms.emplace_back(octets);
      return note.result_transforms.size() <= kMaxTransforms;
    default:
      return true;
  }
}

}  // namespace

void encode(const Envelope& e, std::string& out) {
  out += kVersion;
  if (e.version != 1) put_number(out, kPayloadVersion, e.version);
  if (!e.codec.empty()) put_field(out, kCodec, e.codec);
  for (std::string_view t : e.transforms) put_field(out, kTransform, t);
  if (e.retries) put_number(out, kRetries, *e.retries);
  auto duration = [&out](std::uint32_t tag, const std::optional<Millis>& d) {
    if (d) put_number(out, tag, static_cast<std::uint64_t>(d->count()));
  };
  duration(kBackoff, e.backoff);
  duration(kCap, e.backoff_cap);
  duration(kTimeout, e.timeout);
  duration(kKeep, e.keep_result);
  if (e.jitter) put_number(out, kJitter, *e.jitter);
  for (const auto& [key, value] : e.metadata) {
    put_field(out, kMetaKey, key);
    put_field(out, kMetaValue, value);
  }
  put_field(out, kPayload, e.payload);
}

Result<Envelope> decode_envelope(std::string_view body) {
  if (body.empty() || body.front() != kVersion) {
    return Error{Errc::invalid, "the record's body is of a version that this program does not know"};
  }
  Envelope e;
  if (!each_field(body.substr(1), [&e](std::uint64_t tag, std::string_view octets) { return read(e, tag, octets); })) {
    return Error{Errc::invalid, "the record's body is damaged"};
  }
  return e;
}

std::string encode(const Note& note) {
  std::string out;
  if (!note.error.empty()) put_field(out, kError, std::string_view(note.error).substr(0, kMaxError));
  if (note.fingerprint) put_number(out, kFingerprint, note.fingerprint);
  if (note.timed_out) put_number(out, kTimedOut, 1);
  if (note.progress != 0) {
    put_field(out, kProgress, {reinterpret_cast<const char*>(&note.progress), sizeof note.progress});
  }
  if (!note.progress_text.empty()) put_field(out, kProgressText, note.progress_text);
  if (note.has_result) {
    put_field(out, kResultCodec, note.result_codec);
    for (const std::string& t : note.result_transforms) put_field(out, kResultTransform, t);
    put_field(out, kResult, note.result);
  }
  if (!out.empty()) out.insert(out.begin(), kVersion);
  return out;
}

Note decode_note(std::string_view text) {
  Note note;
  if (text.empty() || text.front() != kVersion) return note;
  if (!each_field(text.substr(1), [&note](std::uint64_t t, std::string_view o) { return read(note, t, o); })) return {};
  return note;
}

}  // namespace penstock::durable
