// No memory for one allocation, or for all of a call: for each allocation of a history in turn. What was refused is
// sent again; nothing may be lost, ended twice or stuck then, and no slot of a gate kept.
#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "support/open_plugin.hpp"
#include "unit/memory/famine.hpp"

extern "C" const penstock::PluginDescriptor* penstock_plugin_0_memory() noexcept;

namespace penstock {
namespace {

TaskId id(int n) {
  TaskId out;
  out.bytes[15] = static_cast<unsigned char>(n);
  return out;
}
int number(const TaskId& id) { return id.bytes[15]; }

NewTask task(int n, std::string_view queue = "q") {
  NewTask t;
  t.key = {queue, id(n)};
  t.kind = "a.kind-with-a-name-that-is-too-long-to-be-kept-inside-of-a-string";
  t.body = "a body that is too long to be kept inside of a string as well, of course";
  return t;
}

constexpr std::array<std::string_view, 1> kOne{"one"}, kSlow{"slow"};
constexpr std::array<std::string_view, 2> kSlowAndOne{"slow", "one"}, kOneAndOther{"one", "other"};

class History {
 public:
  // Whether memory ran out on the way.
  bool play(std::uint64_t after, bool lasts) {
    famine = {.lasts = lasts, .after = after};
    tell();
    drain();
    audit();
    return famine.begun;
  }

 private:
  // Calls the backend, and once more when it had no memory.
  template <class F>
  auto insist(F call) {
    for (int tries = 0;; ++tries) {
      famine.armed = true;
      auto answer = call();
      famine.armed = false;
      if (answer) return answer;
      INFO(answer.error().message);
      REQUIRE(tries == 0);
      const Errc code = answer.error().code;
      REQUIRE((code == Errc::unknown_outcome || code == Errc::resource_exhausted));
      famine.lasts = false;
    }
  }

  void put(std::vector<NewTask> tasks) {
    const auto answer = insist([&] { return backend_->enqueue(tasks, nullptr); });
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      INFO("task " << number(tasks[i].key.id));
      REQUIRE((answer->at(i).what == Item::ok || answer->at(i).what == Item::exists));
      known_[number(tasks[i].key.id)] = std::string(tasks[i].key.queue);
    }
  }

  void claim(std::uint32_t limit) {
    const Share shares[] = {{"q", limit}, {"p", limit}};
    const auto answer = insist([&] {
      return backend_->exchange({.claim = shares, .limit = limit, .begin = 1, .lease = Millis(1000), .worker = "w"});
    });
    for (const Leased& l : answer->leased) held_[number(l.id)] = l.epoch;
  }

  // What is held is done with; its answer may have been lost, and its lease meanwhile.
  void settle(int n, State to, std::vector<NewTask> children = {}) {
    const auto held = held_.extract(n);
    if (!held) return;
    Settlement s{.key = {known_[n], id(n)}, .epoch = held.mapped(), .to = to};
    s.keep = kKeepForever;
    s.children = children;
    const auto answer = insist([&] { return backend_->exchange({.settle = {&s, 1}}); });
    const Item what = answer->settled.at(0);
    REQUIRE((what == Item::ok || what == Item::requested || what == Item::finished || what == Item::lease_lost));
    if (what == Item::ok && to == State::succeeded) REQUIRE(++succeeded_[n] == 1);
    for (const NewTask& child : children) {
      if (what == Item::ok || what == Item::finished) known_[number(child.key.id)] = std::string(child.key.queue);
    }
  }

  void tell() {
    const Limit one{.running = 1}, slow{.per_second = 2};
    (void)insist([&] { return gates_.limit("q", "one", Layer::declared, &one); });
    (void)insist([&] { return gates_.limit("q", "slow", Layer::declared, &slow); });
    std::vector<NewTask> tasks;
    for (int n = 1; n <= 8; ++n) tasks.push_back(task(n));
    tasks[1].fair = "a", tasks[1].gates = kOne;
    tasks[2].fair = "b", tasks[2].gates = kOne;
    tasks[3].fair = "a", tasks[3].gates = kSlowAndOne;
    tasks[4].unique = "key";
    tasks[5].delay = Millis(500);
    tasks[6].gates = kSlow;
    tasks[7].fair = "b", tasks[7].priority = 1;
    put(tasks);
    claim(3);
    settle(1, State::succeeded, {task(20), task(21)});
    settle(8, State::ready);
    settle(2, State::dead);
    for (const auto& [n, epoch] : held_) {
      const Held held{known_[n], epoch};
      (void)insist([&] { return backend_->exchange({.extend = {&held, 1}, .lease = Millis(900)}); });
      break;
    }
    (void)insist([&] { return gates_.hold("q", "one", Millis(300)); });
    std::vector<NewTask> more{task(11, "p"), task(12, "p"), task(13), task(14)};
    for (NewTask& t : more) t.fair = "c", t.gates = kOneAndOther;
    put(more);
    const TaskKey unwanted{"q", id(7)};
    (void)insist([&] { return backend_->cancel({&unwanted, 1}); });
    claim(2);
    time_.advance(Millis(600));
    claim(8);
    settle(3, State::succeeded);
    settle(5, State::dead);
    const std::vector<TaskKey> buried{{"q", id(2)}, {"q", id(5)}};
    (void)insist([&] { return browser_.move(buried, State::dead, State::ready, Millis(0)); });
    (void)insist([&] { return gates_.limit("q", "one", Layer::declared, nullptr); });
  }

  void drain() {
    for (int idle = 0; idle < 20;) {
      claim(16);
      if (held_.empty()) {
        ++idle;
        time_.advance(Millis(500));
      }
      while (!held_.empty()) settle(held_.begin()->first, State::succeeded);
    }
  }

  void audit() {
    for (const auto& [n, queue] : known_) {
      INFO("task " << n);
      const TaskKey key{queue, id(n)};
      const auto record = insist([&] { return backend_->get({&key, 1}); })->at(0);
      REQUIRE(record);
      CHECK((record->state == State::succeeded || (n == 7 && record->state == State::cancelled)));
    }
    const auto counts = insist([&] { return backend_->counts(); });
    for (const Counts& c : *counts) {
      for (State s : {State::held, State::scheduled, State::ready, State::leased}) {
        CHECK(c.by_state[static_cast<std::size_t>(s)] == 0);
      }
    }
    for (const char* queue : {"q", "p"}) {
      const auto gates = insist([&] { return gates_.gates(queue); });
      for (const GateState& g : *gates) CHECK(g.leased == 0);
    }
    NewTask again = task(30);
    again.unique = "key";
    put({again});
  }

  testing::ManualTime time_;
  testing::TestHost host_{&time_};
  std::unique_ptr<DurableBackend> backend_ =
      testing::open_component<DurableBackend>(&penstock_plugin_0_memory, "memory", host_);
  Gates& gates_ = *query<Gates>(*backend_);
  Browser& browser_ = *query<Browser>(*backend_);
  std::map<int, std::string> known_;  // the queues of accepted tasks
  std::map<int, Epoch> held_;
  std::map<int, int> succeeded_;
};

}  // namespace

TEST_CASE("memory that runs out at any allocation loses nothing, ends nothing twice, and leaves nothing stuck") {
  const bool lasts = GENERATE(false, true);
  std::uint64_t after = 0;
  for (;; ++after) {
    INFO((lasts ? "none to the end of the call, after " : "none once, after ") << after);
    History history;
    if (!history.play(after, lasts)) break;
  }
  CHECK(after > 200);
}

}  // namespace penstock
