// The audit while others do whatever a store is asked for: what is sound is found sound.
#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <thread>

#include "fixture.hpp"

namespace penstock::redis {
namespace {

using std::chrono::hours;

// Steps drawn by chance, of two queues. What became of them is counted: chance must have had its way with each sort.
class Work {
 public:
  enum Sort {
    unique,
    refused,
    replaced,
    delayed,
    short_lease,
    lapsed,
    ended,
    kept,
    retried,
    cancelled,
    stopped,
    trimmed,
    moved,
    kSorts
  };
  static constexpr std::array<const char*, kSorts> kNames{"unique",  "refused", "replaced", "delayed", "short lease",
                                                          "lapsed",  "ended",   "kept",     "retried", "cancelled",
                                                          "stopped", "trimmed", "moved"};
  std::array<std::atomic<int>, kSorts> count{};

  explicit Work(DurableBackend& b) : b_(b) {}

  bool all_seen() const {
    return std::ranges::all_of(count, [](const auto& n) { return n > 0; });
  }

  void step() {
    const char* queue = any(2) ? "q" : "r";
    add(queue);
    take(queue);
    switch (any(6)) {
      case 0:
        return cancel(queue);
      case 1:
        return trim(queue);
      case 2:
        return move(queue);
      case 3:
        return hold(queue);
      case 4:
        return limit(queue);
      default:
        return watch(queue);
    }
  }

 private:
  int any(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  Millis some_time() { return any(2) ? Millis(1) : hours(1); }
  std::vector<TaskKey> some_tasks(const char* queue) {
    std::vector<TaskKey> out;
    for (int i = 0; i < 5; ++i) out.push_back({queue, id(std::max(1000, next_ - any(100)))});
    return out;
  }
  void seen(Sort sort, bool it_is = true) { count[sort] += it_is; }
  template <class T>
  T must(Result<T> answer) {
    if (!answer) throw std::runtime_error(answer.error().message);
    return std::move(*answer);
  }
  void must(Result<void> answer) {
    if (!answer) throw std::runtime_error(answer.error().message);
  }

  void add(const char* queue) {
    static constexpr std::array<std::string_view, 2> kGates{"g", "h"};
    static constexpr std::array<std::string_view, 3> kKeys{"", "a", "b"};
    NewTask t = task(next_++, queue);
    t.fair = kKeys[static_cast<std::size_t>(any(3))];
    t.gates = std::span(kGates).last(static_cast<std::size_t>(any(3)));
    if (any(4) == 0) t.delay = some_time();
    if (any(3) == 0) {
      t.unique = kKeys[static_cast<std::size_t>(1 + any(2))];
      t.unique_while = any(2) ? Unique::live : Unique::waiting;
      t.unique_for = Millis(any(2));
      t.replace = any(2);
    }
    const Item done = must(put(b_, t));
    seen(delayed, done == Item::ok && t.delay != Millis(0));
    if (t.unique.empty()) return;
    seen(unique, done == Item::ok);
    seen(refused, done == Item::conflict);
    seen(replaced, done == Item::ok && t.replace);
  }

  void take(const char* queue) {
    const bool lapses = any(4) == 0;
    const Exchanged x = must(claim(b_, 3, lapses ? Millis(1) : Millis(hours(1)), queue));
    for (const Leased& l : x.leased) {
      seen(lapsed, l.lapsed);
      seen(short_lease, lapses);
      if (any(lapses ? 2 : 8) != 0) settle(l);
    }
  }

  void settle(const Leased& l) {
    static constexpr std::array kTo{State::succeeded, State::succeeded, State::dead, State::ready};
    Settlement s = settlement(l, kTo[static_cast<std::size_t>(any(4))]);
    if (s.to == State::ready) {
      s.delay = any(2) ? Millis(0) : some_time();
      s.unstarted = any(2);
    } else if (any(2)) {
      s.keep = any(2) ? kKeepForever : some_time();
      s.note = "note";
    }
    Exchange e;
    e.settle = std::span(&s, 1);
    if (must(b_.exchange(e)).settled.at(0) != Item::ok) return;
    seen(retried, s.to == State::ready);
    seen(kept, s.keep != Millis(0));
    seen(ended, s.to != State::ready);
    count[ended].notify_one();
  }

  void cancel(const char* queue) {
    for (const Item done : must(b_.cancel(some_tasks(queue)))) {
      seen(cancelled, done == Item::ok);
      seen(stopped, done == Item::requested);
    }
  }

  void trim(const char* queue) {
    static constexpr std::array kStates{State::succeeded, State::dead, State::cancelled};
    Retention r{.queue = queue, .state = kStates[static_cast<std::size_t>(any(3))]};
    r.count = static_cast<std::uint64_t>(any(20));
    r.at_most = 10;
    seen(trimmed, must(b_.trim(r)) > 0);
  }

  void move(const char* queue) {
    static constexpr std::pair<State, State> kWays[] = {{State::dead, State::ready},
                                                        {State::cancelled, State::ready},
                                                        {State::scheduled, State::ready},
                                                        {State::leased, State::cancelled}};
    const auto& [from, to] = kWays[any(4)];
    const auto done = must(query<Browser>(b_)->move(some_tasks(queue), from, to, Millis(0)));
    seen(moved, std::ranges::count(done, Item::ok) > 0);
  }

  void hold(const char* queue) { must(query<Gates>(b_)->hold(queue, any(2) ? "" : "g", Millis(any(2)))); }

  void limit(const char* queue) {
    const Limit some{.running = static_cast<std::uint32_t>(any(4))};
    must(query<Gates>(b_)->limit(queue, any(2) ? "g" : "h", Layer::operator_, any(2) ? &some : nullptr));
  }

  void watch(const char* queue) { must(b_.get(some_tasks(queue))); }

  DurableBackend& b_;
  std::mt19937 random_{1};
  int next_ = 1000;
};

}  // namespace

TEST_CASE("an audit beside work finds nothing") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.socket_url()), other = open(host, server.socket_url());
  std::vector<NewTask> many;  // more than one script looks at
  for (int n = 1; n < 1000; ++n) {
    many.push_back(task(n, "r"));
    many.back().delay = hours(1);
  }
  for (std::size_t i = 0; i < many.size(); i += 250)
    REQUIRE(b->enqueue(std::span(many).subspan(i, std::min<std::size_t>(250, many.size() - i)), nullptr));
  Work work(*other);
  std::string why;
  std::jthread worker([&](const std::stop_token& stop) {
    try {
      while (!stop.stop_requested()) work.step();
    } catch (const std::exception& e) {
      why = e.what();
      work.count[Work::ended] = -1;
      work.count[Work::ended].notify_one();
    }
  });
  int before = 0;
  for (int i = 0; (i < 25 || (i < 1000 && !work.all_seen())) && before >= 0; ++i) {
    work.count[Work::ended].wait(before);
    before = work.count[Work::ended];
    if (before >= 0) CHECK(unsound(*b) == "");
  }
  worker.request_stop();
  worker.join();
  REQUIRE(why == "");
  for (std::size_t sort = 0; sort < Work::kSorts; ++sort) {
    INFO(Work::kNames[sort]);
    CHECK(work.count[sort] > 0);
  }
  CHECK(unsound(*b) == "");
}

}  // namespace penstock::redis
