#include "request.hpp"

#include <stdexcept>

#include "bytes.hpp"

namespace filesystem {
namespace {

enum class Call : std::uint8_t { exchange = 1, enqueue, cancel, trim };

Writer begin(Call call, const Reading& now) {
  Writer out;
  out.number(call);
  out.number(now.wall.time_since_epoch().count()), out.number(now.boot.count()), out.text(now.machine);
  return out;
}

void exchange(Reader& in, Store& store, const Reading& now) {
  Exchange x;
  std::vector<Settlement> settle(in.number());
  for (Settlement& s : settle) {
    s.key.queue = in.text(), s.key.id = in.id(), s.epoch = in.number();
    s.to = in.number_as<State>(), s.charge = in.number_as<Charge>();
    s.delay = in.millis(), s.keep = in.millis(), s.note = in.text();
  }
  std::vector<Held> extend(in.number());
  for (Held& held : extend) held.queue = in.text(), held.epoch = in.number();
  std::vector<Share> claim(in.number());
  for (Share& share : claim) share.queue = in.text(), share.quota = in.number_as<std::uint32_t>();
  x.settle = settle, x.extend = extend, x.claim = claim;
  x.limit = in.number_as<std::uint32_t>(), x.begin = in.number_as<std::uint32_t>(), x.lease = in.millis();
  store.exchange(x, now);
}

void enqueue(Reader& in, Store& store, const Reading& now) {
  std::vector<NewTask> tasks(in.number());
  for (NewTask& t : tasks) {
    t.key.queue = in.text(), t.key.id = in.id(), t.kind = in.text(), t.body = in.text();
    t.priority = in.number_as<std::int32_t>(), t.weight = in.number_as<std::uint16_t>();
    if (in.number() != 0) t.due = Time(in.millis());
    t.delay = in.millis();
  }
  store.enqueue(tasks, now);
}

void cancel(Reader& in, Store& store, const Reading& now) {
  std::vector<TaskKey> keys(in.number());
  for (TaskKey& key : keys) key.queue = in.text(), key.id = in.id();
  store.cancel(keys, now);
}

void trim(Reader& in, Store& store, const Reading& now) {
  Retention r;
  r.queue = in.text(), r.state = in.number_as<State>(), r.age = in.millis();
  r.count = in.number(), r.bytes = in.number(), r.at_most = in.number_as<std::uint32_t>();
  store.trim(r, now);
}

}  // namespace

std::string request(const Exchange& x, const Reading& now) {
  Writer out = begin(Call::exchange, now);
  out.number(x.settle.size());
  for (const Settlement& s : x.settle) {
    out.text(s.key.queue), out.id(s.key.id), out.number(s.epoch);
    out.number(s.to), out.number(s.charge);
    out.number(s.delay.count()), out.number(s.keep.count()), out.text(s.note);
  }
  out.number(x.extend.size());
  for (const Held& held : x.extend) out.text(held.queue), out.number(held.epoch);
  out.number(x.claim.size());
  for (const Share& share : x.claim) out.text(share.queue), out.number(share.quota);
  out.number(x.limit), out.number(x.begin), out.number(x.lease.count());
  return std::move(out.octets());
}

std::string request(std::span<const NewTask> tasks, const Reading& now) {
  Writer out = begin(Call::enqueue, now);
  out.number(tasks.size());
  for (const NewTask& t : tasks) {
    out.text(t.key.queue), out.id(t.key.id), out.text(t.kind), out.text(t.body);
    out.number(t.priority), out.number(t.weight);
    out.number(t.due.has_value());
    if (t.due) out.number(t.due->time_since_epoch().count());
    out.number(t.delay.count());
  }
  return std::move(out.octets());
}

std::string request(std::span<const TaskKey> keys, const Reading& now) {
  Writer out = begin(Call::cancel, now);
  out.number(keys.size());
  for (const TaskKey& key : keys) out.text(key.queue), out.id(key.id);
  return std::move(out.octets());
}

std::string request(const Retention& r, const Reading& now) {
  Writer out = begin(Call::trim, now);
  out.text(r.queue), out.number(r.state), out.number(r.age.count());
  out.number(r.count), out.number(r.bytes), out.number(r.at_most);
  return std::move(out.octets());
}

void repeat(std::string_view request, Store& store) {
  Reader in(request);
  const auto call = in.number_as<Call>();
  Reading now;
  now.wall = Time(in.millis()), now.boot = in.millis(), now.machine = in.text();
  store.tick(now);
  switch (call) {
    case Call::exchange:
      return exchange(in, store, now);
    case Call::enqueue:
      return enqueue(in, store, now);
    case Call::cancel:
      return cancel(in, store, now);
    case Call::trim:
      return trim(in, store, now);
  }
  throw std::runtime_error("an entry of a sort that this version does not know");
}

}  // namespace filesystem
