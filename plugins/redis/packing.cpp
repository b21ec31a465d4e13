#include "packing.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <vector>

namespace penstock::redis {
namespace {

constexpr char kTraits = 4, kBinding = 16;           // flags of a record
constexpr char kBegun = 1, kStop = 2, kLong = 8;     // flags of a live entry
constexpr std::size_t kHeader = 19, kLiveHead = 16;  // octets before the parts of varying length

void add_part(std::string& out, std::string_view part) {
  out += static_cast<char>(part.size());
  out += part;
}

void append_traits(std::string& out, const NewTask& t) {
  out += t.unique_while == Unique::waiting ? '\1' : '\0';
  add_part(out, t.unique);
  add_part(out, t.fair);
  std::vector<std::string_view> gates(t.gates.begin(), t.gates.end());
  std::sort(gates.begin(), gates.end());
  for (const std::string_view g : gates) add_part(out, g);
}

std::uint64_t rank_of(const NewTask& t) noexcept {
  const std::uint64_t priority = static_cast<std::uint32_t>(t.priority) ^ 0x80000000u;
  return (priority << 16) | static_cast<std::uint64_t>(0xffff - t.weight);
}

std::uint64_t big(std::string_view s, std::size_t at, std::size_t octets) noexcept {
  std::uint64_t v = 0;
  for (std::size_t i = at; i < std::min(s.size(), at + octets); ++i) v = (v << 8) | static_cast<unsigned char>(s[i]);
  return v;
}

std::uint32_t little(std::string_view s, std::size_t at) noexcept {
  std::uint32_t v = 0;
  if (s.size() >= at + sizeof v) std::memcpy(&v, s.data() + at, sizeof v);
  return v;
}

// The part at `at`, behind an octet with its length; `at` goes behind it.
std::string_view part(std::string_view s, std::size_t& at) noexcept {
  if (at >= s.size()) return {};
  const std::size_t size = static_cast<unsigned char>(s[at]), from = at + 1;
  at = from + size;
  return from <= s.size() ? s.substr(from, size) : std::string_view();
}

Time time(double ms) noexcept { return Time(millis(ms)); }

}  // namespace

TaskId task_id(std::string_view octets) noexcept {
  TaskId id;
  if (octets.size() == id.bytes.size()) std::memcpy(id.bytes.data(), octets.data(), octets.size());
  return id;
}

Millis millis(double ms) noexcept {
  constexpr double kEnd = 9.2e18;
  if (ms >= kEnd) return Millis::max();
  return ms <= -kEnd ? Millis::min() : Millis(static_cast<std::int64_t>(ms));
}

double number(std::string_view s, std::size_t at) noexcept {
  double v = 0;
  if (s.size() >= at + sizeof v) std::memcpy(&v, s.data() + at, sizeof v);
  return v;
}

std::int64_t integer(std::string_view decimal) noexcept {
  double v = 0;
  std::from_chars(decimal.data(), decimal.data() + decimal.size(), v);
  return millis(v).count();
}

void add_task(Words& words, const NewTask& t) {
  const std::uint64_t rank = rank_of(t);
  words.add(octets(t.key.id));
  words.add(static_cast<std::int64_t>(rank));
  if (t.due) {
    words.make([&](std::string& out) { out += 'a' + std::to_string(t.due->time_since_epoch().count()); });
  } else if (t.delay > Millis(0)) {
    words.make([&](std::string& out) { out += 'd' + std::to_string(t.delay.count()); });
  } else {
    words.add("");
  }
  const bool traits = !t.unique.empty() || !t.fair.empty() || !t.gates.empty();
  if (t.queue_limit != 0 || (!t.unique.empty() && (t.unique_for > Millis(0) || t.replace))) {
    words.make([&](std::string& out) {
      append(out, static_cast<double>(t.unique_for.count()));
      append(out, static_cast<double>(t.queue_limit));
      out += t.replace ? '\1' : '\0';
    });
  } else {
    words.add("");
  }
  words.make([&](std::string& out) {
    append_big(out, rank, 6);
    out += static_cast<char>((traits ? kTraits : 0) | (t.unique.empty() && t.gates.empty() ? 0 : kBinding));
    if (traits) {
      const std::size_t at = out.size();
      out.append(2, '\0');
      append_traits(out, t);
      const std::size_t size = out.size() - at - 2;
      out[at] = static_cast<char>(size >> 8);
      out[at + 1] = static_cast<char>(size);
    }
    add_part(out, t.kind);
    out += t.body;
  });
}

namespace {

// Nothing but an end: a tombstone is to be all that stays.
bool plain(const Settlement& s) noexcept { return ended(s.to) && s.keep == Millis(0) && s.children.empty(); }

void add_verb(std::string& out, const Settlement& s) {
  out += static_cast<char>(s.to);
  if (plain(s)) return;
  out += static_cast<char>(s.charge);
  out += s.unstarted ? '\1' : '\0';
  append(out, static_cast<double>(s.delay.count()));
  append(out, s.keep == kKeepForever ? -1.0 : static_cast<double>(s.keep.count()));
  out += static_cast<char>(s.children.size());
  out += static_cast<char>(s.children.size() >> 8);
}

}  // namespace

bool alike(const Settlement& a, const Settlement& b) noexcept {
  return plain(a) && plain(b) && a.to == b.to && a.epoch == b.epoch;
}

void add_settlements(Words& words, std::span<const Settlement* const> group) {
  const Settlement& s = *group.front();
  words.make([&](std::string& out) {
    for (const Settlement* one : group) out += octets(one->key.id);
  });
  words.make([&](std::string& out) { append(out, static_cast<double>(s.epoch)); });
  words.make([&](std::string& out) { add_verb(out, s); });
  words.add(plain(s) ? Bytes() : s.note);
  for (const NewTask& child : s.children) add_task(words, child);
}

Written read_record(std::string_view r) noexcept {
  Written w;
  w.enqueued = Time(Millis(static_cast<std::int64_t>(big(r, 6, 6))));
  w.priority = static_cast<std::int32_t>(static_cast<std::uint32_t>(big(r, 12, 4)) ^ 0x80000000u);
  w.weight = static_cast<std::uint16_t>(0xffff - big(r, 16, 2));
  std::size_t at = kHeader;
  if (r.size() > kHeader - 1 && r[kHeader - 1] != 0) {
    const std::size_t end = at + 2 + big(r, at, 2);
    at += 3;  // the size, and how long the key is held
    w.unique = part(r, at);
    if (end <= r.size() && at < end) w.flow = r.substr(at, end - at);
    at = end;
  }
  w.kind = part(r, at);
  if (at <= r.size()) w.body = r.substr(at);
  return w;
}

Tail read_tail(std::string_view s) noexcept {
  constexpr std::size_t kNote = 32;
  Tail t;
  t.failures = little(s, 0);
  t.crashes = little(s, 4);
  t.ended = time(number(s, 8));
  if (s.size() > kNote) t.note = s.substr(kNote);
  return t;
}

std::optional<Record> read_task(std::string_view record, std::string_view live, std::string_view due, Time now) {
  if (record.empty() && live.empty()) return std::nullopt;
  Record r;
  if (record.empty()) {
    r.tombstone = true;
    r.epoch = static_cast<Epoch>(number(live, 0));
    r.state = live.size() > 8 ? static_cast<State>(live[8]) : State::cancelled;
    r.ended = time(number(live, 9));
    return r;
  }
  const Written w = read_record(record);
  r.kind = w.kind;
  r.body = w.body;
  r.priority = w.priority;
  r.weight = w.weight;
  r.enqueued = w.enqueued;
  r.unique = w.unique;
  std::size_t at = 0;
  r.fair = part(w.flow, at);
  while (at < w.flow.size()) r.gates.emplace_back(part(w.flow, at));
  r.state = State::ready;
  if (live.size() >= kLiveHead) {
    const char flags = live[1];
    r.state = static_cast<State>(live[0]);
    r.epoch = static_cast<Epoch>(number(live, 2));
    if (r.state == State::leased) {
      r.begun = flags & kBegun;
      r.cancel_requested = flags & kStop;
    }
    if (flags & kLong) {
      const Tail t = read_tail(live.substr(kLiveHead));
      r.failures = t.failures;
      r.crashes = t.crashes;
      r.note = t.note;
      if (ended(r.state)) r.ended = t.ended;
    }
  }
  if (r.state == State::ready && !due.empty()) {
    const Time when(Millis(integer(due)));
    if (when > now) {
      r.state = State::scheduled;
      r.due = when;
    }
  }
  return r;
}

}  // namespace penstock::redis
