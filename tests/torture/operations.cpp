#include "torture/operations.hpp"

#include <numeric>

namespace penstock::torture {
namespace {

// ---- answers as text -----------------------------------------------------------------------------------

std::string text(Item item) { return std::to_string(static_cast<int>(item)); }
std::string text(const Admission& a) { return text(a.what) + "/" + std::to_string(number_of(a.id)); }
std::string text(const std::optional<Record>& r) {
  if (!r) return "none";
  return std::to_string(static_cast<int>(r->state)) + "/" + std::to_string(r->epoch) + "/" +
         std::to_string(r->body.size()) + "/" + r->note;
}
std::string text(const Counts& c) {
  std::string out = c.queue;
  for (const auto n : c.by_state) out += "/" + std::to_string(n);
  return out + "/" + std::to_string(c.bytes_ended);
}
std::string text(const Document& d) { return d.name + "/" + d.value + "/" + std::to_string(d.revision); }
std::string text(const std::pair<TaskId, Record>& p) {
  return std::to_string(number_of(p.first)) + "/" + text(std::optional(p.second));
}
std::string text(const Leased& l) {
  return std::to_string(number_of(l.id)) + "/" + std::to_string(l.epoch) + "/" + std::to_string(l.body.size()) +
         (l.lapsed ? "/lapsed" : "") + (l.begun ? "/begun" : "");
}
std::string text(const Extended& e) { return text(e.what) + "/" + std::to_string(e.stop.size()); }
std::string text(std::uint64_t n) { return std::to_string(n); }
template <class T>
std::string text(const std::vector<T>& all) {
  std::string out;
  for (const T& one : all) out += text(one) + " ";
  return out;
}
std::string text(const Exchanged& e) {
  return "settled " + text(e.settled) + "extended " + text(e.extended) + "leased " + text(e.leased);
}

template <class T>
Result<std::string> answer(const Result<T>& result) {
  if (!result) return result.error();
  return text(*result);
}

// ---- calls -----------------------------------------------------------------------------------------------

std::vector<int> numbers(int first, int last) {
  std::vector<int> out(static_cast<std::size_t>(last - first + 1));
  std::iota(out.begin(), out.end(), first);
  return out;
}
std::vector<TaskKey> keys(int first, int last) {
  std::vector<TaskKey> out;
  for (const int n : numbers(first, last)) out.push_back(key_of(n));
  return out;
}

Result<std::vector<Admission>> enqueue(DurableBackend& store, int first, int last, Millis delay = {},
                                       std::size_t size = 0, const Guard* guard = nullptr) {
  std::vector<std::string> bodies;
  for (const int n : numbers(first, last)) bodies.push_back(size ? std::string(size, 'x') : body_of(n));
  std::vector<NewTask> tasks;
  for (const int n : numbers(first, last)) {
    NewTask task{.key = key_of(n), .body = bodies[static_cast<std::size_t>(n - first)], .kind = "work"};
    task.priority = n % 5;
    task.delay = delay;
    tasks.push_back(task);
  }
  return store.enqueue(tasks, guard);
}

Exchange claim(std::uint32_t each, Millis lease) {
  static constexpr std::uint32_t kMany = 1000;
  static constexpr std::array<Share, 3> kShares[] = {{{{kQueues[0], 1}, {kQueues[1], 1}, {kQueues[2], 1}}},
                                                     {{{kQueues[0], kMany}, {kQueues[1], kMany}, {kQueues[2], kMany}}}};
  return {.claim = kShares[each > 1], .limit = 3 * each, .begin = 2, .lease = lease, .worker = "sweep"};
}

Settlement settlement(int n, const std::array<Epoch, kQueues.size()>& epochs, State to) {
  return {.key = key_of(n), .epoch = epochs[queue_of(n)], .to = to};
}
std::vector<Settlement> acks(int first, int last, const Base& base) {
  std::vector<Settlement> out;
  for (const int n : numbers(first, last)) out.push_back(settlement(n, base.held, State::succeeded));
  return out;
}

Result<std::string> settle(DurableBackend& store, const std::vector<Settlement>& all) {
  return answer(store.exchange({.settle = all}));
}

// Ends of every sort, notes short and long, a retry, a snooze, a mark; some of them stale.
std::vector<Settlement> settle_variously(const Base& base, const std::string& long_note) {
  std::vector<Settlement> all;
  for (const int n : numbers(1, 24)) {
    static constexpr State kTo[] = {State::succeeded, State::dead, State::cancelled, State::ready, State::leased};
    Settlement s = settlement(n, base.held, kTo[n % 5]);
    s.charge = static_cast<Charge>(n % 3);
    if (ended(s.to) && n % 2) s.keep = n % 4 == 1 ? kKeepForever : Millis(60'000);
    if (s.to == State::ready) s.delay = Millis(n % 2 * 1000);
    s.note = n % 4 == 3 ? Bytes(long_note) : Bytes("why");
    s.epoch -= n % 11 == 0;
    all.push_back(s);
  }
  return all;
}

Result<std::string> settle_with_children(DurableBackend& store, const Base& base) {
  Settlement parent = settlement(3, base.held, State::succeeded);
  std::vector<NewTask> children;
  for (int n = 3003; n < 3033; n += 3) children.push_back({.key = key_of(n), .body = "child", .kind = "work"});
  parent.children = children;
  return settle(store, {parent});
}

Result<std::string> exchange_everything(DurableBackend& store, const Base& base) {
  const std::vector<Settlement> settle = acks(30, 60, base);
  std::vector<Held> extend;
  for (std::size_t q = 0; q < kQueues.size(); ++q) extend.push_back({kQueues[q], base.held[q]});
  Exchange x = claim(10, Millis(5000));
  x.settle = settle;
  x.extend = extend;
  return answer(store.exchange(x));
}

template <class Capability, class F>
Result<std::string> with(DurableBackend& store, F&& f) {
  return answer(f(*static_cast<Capability*>(store.query(Capability::kId))));
}

std::vector<Operation> make_operations() {
  using S = DurableBackend;
  using B = Base;
  const Millis now{0}, soon{1'000}, late{20'000};
  return {
      {"enqueue one", now, [](S& s, const B&) { return answer(enqueue(s, 1001, 1001)); }, true},
      {"enqueue 100", now, [](S& s, const B&) { return answer(enqueue(s, 2001, 2100)); }, true},
      {"enqueue large", now, [](S& s, const B&) { return answer(enqueue(s, 1001, 1001, {}, 40'000)); }, true},
      {"enqueue delayed", now, [](S& s, const B&) { return answer(enqueue(s, 1001, 1006, Millis(500))); }, true},
      {"enqueue guarded", now,
       [](S& s, const B&) {
         const Guard guard{"slot", 1, "2"};
         return answer(enqueue(s, 1001, 1002, {}, 0, &guard));
       },
       true},
      {"enqueue again", now, [](S& s, const B&) { return answer(enqueue(s, 119, 126)); }, true},
      {"claim one each", now, [](S& s, const B&) { return answer(s.exchange(claim(1, Millis(5000)))); }},
      {"claim many", now, [](S& s, const B&) { return answer(s.exchange(claim(10, Millis(5000)))); }},
      {"claim what is due", late, [](S& s, const B&) { return answer(s.exchange(claim(15, Millis(5000)))); }},
      {"ack one", now, [](S& s, const B& b) { return settle(s, acks(7, 7, b)); }},
      {"ack 100", now, [](S& s, const B& b) { return settle(s, acks(11, 110, b)); }},
      {"settle variously", soon,
       [](S& s, const B& b) {
         const std::string note(5000, 'n');
         return settle(s, settle_variously(b, note));
       }},
      {"settle with children", now, settle_with_children},
      {"settle what lapsed", now,
       [](S& s, const B& b) { return settle(s, {settlement(181, b.lapsed, State::ready)}); }},
      {"extend", soon,
       [](S& s, const B& b) {
         const Held held[] = {{kQueues[0], b.held[0]}, {kQueues[1], b.held[1]}, {kQueues[2], b.lapsed[2]}};
         return answer(s.exchange({.extend = held, .lease = Millis(9000)}));
       }},
      {"exchange everything", soon, exchange_everything},
      {"cancel", now, [](S& s, const B&) { return answer(s.cancel(keys(100, 170))); }},
      {"replay", now,
       [](S& s, const B&) {
         const auto dead = keys(161, 166);
         return with<Browser>(s, [&](Browser& b) { return b.move(dead, State::dead, State::ready, Millis(0)); });
       }},
      {"cancel by force", now,
       [](S& s, const B&) {
         const auto held = keys(1, 10);
         return with<Browser>(s, [&](Browser& b) { return b.move(held, State::leased, State::cancelled, Millis(0)); });
       }},
      {"trim by count", now,
       [](S& s, const B&) { return answer(s.trim({.queue = kQueues[2], .state = State::dead, .count = 1})); }},
      {"trim and forget", late,
       [](S& s, const B&) {
         return answer(s.trim({.queue = kQueues[0], .state = State::succeeded, .age = Millis(0)}));
       }},
      {"put", now,
       [](S& s, const B&) {
         return with<Registry>(s, [](Registry& r) { return r.put({"slot", std::string(3000, 'v'), 1}); });
       },
       true},
      {"get", now, [](S& s, const B&) { return answer(s.get(keys(1, 190))); }},
      {"counts", now, [](S& s, const B&) { return answer(s.counts()); }},
      {"list tasks", now,
       [](S& s, const B&) {
         std::string next;
         return with<Browser>(s, [&](Browser& b) { return b.list({.queue = kQueues[1], .state = State::dead}, next); });
       }},
      {"list documents", now, [](S& s, const B&) { return with<Registry>(s, [](Registry& r) { return r.list(""); }); }},
  };
}

template <class T>
T made(Result<T> result) {
  if (!result) throw std::runtime_error("the base cannot be made: " + result.error().message);
  return std::move(result).value();
}

// Claims everything that is ready.
std::array<Epoch, kQueues.size()> take_all(DurableBackend& store, Millis lease) {
  std::array<Epoch, kQueues.size()> epochs{};
  for (const Leased& l : made(store.exchange(claim(100, lease))).leased) epochs[queue_of(number_of(l.id))] = l.epoch;
  return epochs;
}

}  // namespace

const std::vector<Operation>& operations() {
  static const std::vector<Operation> all = make_operations();
  return all;
}

Result<std::vector<Admission>> enqueue_some(DurableBackend& store, int first, int last) {
  return enqueue(store, first, last);
}

Base make_base(const std::string& folder) {
  Base base;
  base.clock = Millis(10);
  testing::ManualTime time;
  testing::TestHost host(&time);
  const auto store = open_store({folder, "", "power", "10s"}, host);
  made(enqueue(*store, 1, 120));
  base.held = take_all(*store, Millis(10'000));
  made(enqueue(*store, 161, 175));
  const auto ends = take_all(*store, Millis(10'000));
  std::vector<Settlement> settle;
  for (const int n : numbers(161, 175)) {
    Settlement s = settlement(n, ends, n < 167 ? State::dead : n < 173 ? State::succeeded : State::cancelled);
    s.keep = n % 2 ? kKeepForever : Millis(5'000);
    s.note = "the end";
    settle.push_back(s);
  }
  made(store->exchange({.settle = settle}));
  made(store->exchange({.settle = acks(111, 115, base)}));  // tombstones
  made(enqueue(*store, 181, 190));
  base.lapsed = take_all(*store, Millis(1));
  made(enqueue(*store, 121, 150));
  made(enqueue(*store, 151, 160, Millis(10'000)));
  made(static_cast<Registry*>(store->query(Registry::kId))->put({"slot", "1", 0}));
  return base;
}

}  // namespace penstock::torture
