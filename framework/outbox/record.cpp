#include "outbox/record.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/tagged.hpp"

namespace penstock::outbox {
namespace {

constexpr char kVersion = 1;

// Numbers are part of the format and never reused.
enum Tag : std::uint32_t {
  kId = 1,
  kQueue,
  kKind,
  kPriority,
  kWeight,
  kDue,
  kBody,
  kUniqueKey,
  kFairKey,
  kGate,
  kPredecessor,
  kUniqueWhile,
  kUniqueFor,
  kReplace,
  kKeepHolder
};

// Signed numbers, small ones short (zigzag).
std::uint64_t fold(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unfold(std::uint64_t value) { return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1)); }

std::string_view octets_of(const TaskId& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

bool take_id(std::string_view& octets, TaskId& id) {
  if (octets.size() < id.bytes.size()) return false;
  std::copy_n(octets.begin(), id.bytes.size(), id.bytes.begin());
  octets.remove_prefix(id.bytes.size());
  return true;
}

bool read(Parcel& parcel, std::uint64_t tag, std::string_view octets) {
  NewTask& task = parcel.task;
  std::uint64_t n = 0;
  switch (tag) {
    case kId:
      return take_id(octets, task.key.id) && octets.empty();
    case kQueue:
      task.key.queue = octets;
      return true;
    case kKind:
      task.kind = octets;
      return true;
    case kPriority: {
      if (!base::take_number(octets, n)) return false;
      std::int64_t priority = unfold(n);
      task.priority = static_cast<std::int32_t>(priority);
      return task.priority == priority;
    }
    case kWeight:
      task.weight = base::take_number(octets, n) && n <= UINT16_MAX ? static_cast<std::uint16_t>(n) : 0;
      return task.weight != 0;
    case kDue:
      if (!base::take_number(octets, n)) return false;
      task.due = Time(Millis(unfold(n)));
      return true;
    case kBody:
      task.body = octets;
      return true;
    case kUniqueKey:
      task.unique = octets;
      return true;
    case kUniqueWhile:
      if (!base::take_number(octets, n) || n > static_cast<std::uint64_t>(Unique::waiting)) return false;
      task.unique_while = static_cast<Unique>(n);
      return true;
    case kUniqueFor:
      if (!base::take_number(octets, n) || n > INT64_MAX) return false;
      task.unique_for = Millis(static_cast<std::int64_t>(n));
      return true;
    case kReplace:
      task.replace = base::take_number(octets, n) && n == 1;
      return task.replace;
    case kKeepHolder:
      parcel.keep_holder = base::take_number(octets, n) && n == 1;
      return parcel.keep_holder;
    case kFairKey:
      task.fair = octets;
      return true;
    case kGate:
      parcel.gates.push_back(octets);
      return true;
    case kPredecessor: {
      TaskKey& key = parcel.after.emplace_back();
      if (!take_id(octets, key.id)) return false;
      key.queue = octets;
      return true;
    }
    default:
      return false;  // a later version's: to leave it out would be another task
  }
}

}  // namespace

std::string encode(const NewTask& given, bool keep_holder) {
  // Names every field, so that none is forgotten when there is another.
  const auto& [key, body, kind, priority, weight, due, delay, unique, unique_while, unique_for, replace, fair, gates,
               after, queue_limit] = given;
  std::string out(1, kVersion);
  out.reserve(body.size() + key.queue.size() + kind.size() + 64);
  base::put_field(out, kId, octets_of(key.id));
  base::put_field(out, kQueue, key.queue);
  base::put_field(out, kKind, kind);
  if (priority != 0) base::put_number(out, kPriority, fold(priority));
  if (weight != 1) base::put_number(out, kWeight, weight);
  if (due) base::put_number(out, kDue, fold(due->time_since_epoch().count()));
  if (!unique.empty()) base::put_field(out, kUniqueKey, unique);
  if (unique_while != Unique::live) base::put_number(out, kUniqueWhile, static_cast<std::uint64_t>(unique_while));
  if (unique_for > Millis(0)) base::put_number(out, kUniqueFor, static_cast<std::uint64_t>(unique_for.count()));
  if (replace) base::put_number(out, kReplace, 1);
  if (keep_holder) base::put_number(out, kKeepHolder, 1);
  if (!fair.empty()) base::put_field(out, kFairKey, fair);
  for (std::string_view gate : gates) base::put_field(out, kGate, gate);
  for (const TaskKey& k : after) base::put_field(out, kPredecessor, std::string(octets_of(k.id)) += k.queue);
  base::put_field(out, kBody, body);
  return out;
}

Result<Parcel> decode(std::string_view record) {
  if (record.empty() || record.front() != kVersion) {
    return Error{Errc::invalid, "the row is of a version that this program does not know"};
  }
  Parcel parcel;
  unsigned seen = 0;
  bool sound = base::each_field(record.substr(1), [&](std::uint64_t tag, std::string_view octets) {
    if (tag < 32) seen |= 1u << tag;
    return read(parcel, tag, octets);
  });
  constexpr unsigned kNeeded = 1u << kId | 1u << kQueue | 1u << kKind | 1u << kBody;
  if (!sound || (seen & kNeeded) != kNeeded) return Error{Errc::invalid, "the row is damaged"};
  parcel.task.gates = parcel.gates;
  parcel.task.after = parcel.after;
  return parcel;
}

}  // namespace penstock::outbox
