// A store of the memory backend with a clock in hand, and short words for what tests do to it.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "memory/store.hpp"

namespace penstock::memory {

inline TaskId id(unsigned n) {
  TaskId out;
  out.bytes[14] = static_cast<unsigned char>(n >> 8);
  out.bytes[15] = static_cast<unsigned char>(n);
  return out;
}

inline std::vector<unsigned> numbers(const std::vector<TaskId>& ids) {
  std::vector<unsigned> out;
  for (const TaskId& i : ids) out.push_back(i.bytes[14] * 256u + i.bytes[15]);
  return out;
}

// The least that each call needs; fields are set by name afterwards.
inline NewTask task(unsigned n) {
  NewTask t;
  t.key = {"q", id(n)};
  t.body = "body";
  t.kind = "kind";
  return t;
}
inline Settlement settlement(unsigned n, Epoch epoch, State to = State::succeeded) {
  Settlement s;
  s.key = {"q", id(n)};
  s.epoch = epoch;
  s.to = to;
  return s;
}

struct StoreLab {
  Now now{Time(Millis(1'700'000'000'000)), Millis(1'000'000)};
  Store store;

  explicit StoreLab(const Limits& limits = {}) : store(limits, 42) {}

  void pass(Millis by) { now.wall += by, now.boot += by; }

  Item put(const NewTask& t) { return store.enqueue({&t, 1}, nullptr, now).value().at(0).what; }
  Item put(unsigned n, std::int32_t priority = 0, Millis delay = {}) {
    NewTask t = task(n);
    t.priority = priority;
    t.delay = delay;
    return put(t);
  }
  Exchanged claim(std::uint32_t limit, Millis lease = Millis(1000)) {
    const Share share{"q", limit};
    Exchange x;
    x.claim = {&share, 1};
    x.limit = limit;
    x.lease = lease;
    return store.exchange(x, now).value();
  }
  // With a fair key and gates.
  Item put(unsigned n, std::string_view fair, std::vector<std::string_view> gates = {}, std::int32_t priority = 0) {
    NewTask t = task(n);
    t.fair = fair;
    t.gates = gates;
    t.priority = priority;
    return put(t);
  }
  void limit(std::string_view gate, const Limit& l, Layer layer = Layer::declared) {
    CHECK(store.limit("q", gate, layer, &l, now));
  }
  void unlimit(std::string_view gate, Layer layer = Layer::declared) {
    CHECK(store.limit("q", gate, layer, nullptr, now));
  }
  void hold(std::string_view gate, Millis at_most) { CHECK(store.hold("q", gate, at_most, now)); }
  Exchanged claim_ahead(std::uint32_t limit, std::uint32_t ahead) {
    const Share share{"q", limit};
    Exchange x;
    x.claim = {&share, 1};
    x.limit = limit;
    x.ahead = ahead;
    x.lease = Millis(1000);
    return store.exchange(x, now).value();
  }
  Item settle(const Settlement& s) {
    Exchange x;
    x.settle = {&s, 1};
    return store.exchange(x, now).value().settled.at(0);
  }
  Item settle(unsigned n, Epoch epoch, State to, Millis keep = {}) {
    Settlement s = settlement(n, epoch, to);
    s.keep = keep;
    return settle(s);
  }
  Extended extend(Epoch epoch, Millis lease = Millis(1000)) {
    const Held held{"q", epoch};
    Exchange x;
    x.extend = {&held, 1};
    x.lease = lease;
    return store.exchange(x, now).value().extended.at(0);
  }
  Item cancel(unsigned n) {
    const TaskKey k{"q", id(n)};
    return store.cancel({&k, 1}, now).value().at(0);
  }
  Item move(unsigned n, State from, State to) {
    const TaskKey k{"q", id(n)};
    return store.move({&k, 1}, from, to, Millis(0), now).value().at(0);
  }
  std::optional<Record> get(unsigned n) {
    const TaskKey k{"q", id(n)};
    return store.get({&k, 1}, now).value().at(0);
  }
  auto list(State state, std::string& next, std::uint32_t at_most = 100, std::string_view cursor = {}) {
    Filter f;
    f.queue = "q";
    f.state = state;
    f.at_most = at_most;
    f.cursor = cursor;
    return store.list(f, next, now);
  }
  std::uint64_t count(State s) { return store.counts().value().at(0).by_state[static_cast<std::size_t>(s)]; }
};

inline std::vector<unsigned> taken(const Exchanged& x) {
  std::vector<TaskId> ids;
  for (const Leased& l : x.leased) ids.push_back(l.id);
  return numbers(ids);
}

using Numbers = std::vector<unsigned>;

}  // namespace penstock::memory
