#include "torture/recorder.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "torture/verdict.hpp"

namespace penstock::torture {
namespace {

constexpr Millis kLease{50};

// The answer of a call at the end, when there has to be one.
template <class Call>
auto insist(const char* what, Call call) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  auto answer = call();
  while (!answer && std::chrono::steady_clock::now() < end) answer = call();
  if (!answer) throw Violation(Harm::stuck, std::string(what) + " has no answer for a minute");
  return answer;
}

}  // namespace

// Enqueues, claims, settles in time or too late, extends; loses the answers to some calls, and now and then forgets
// all that it holds, as one that is killed and started again.
class Client {
 public:
  Client(Recorder& all, DurableBackend& store, std::uint32_t number, std::uint64_t seed)
      : all_(all), store_(store), number_(number), random_(seed) {}

  void step() {
    switch (draw(12)) {
      case 0:
      case 1:
      case 2:
        return enqueue();
      case 3:
        return all_.advance(Millis(draw(20)));
      case 4:
        if (draw(20) == 0) held_.clear(), ++tally.forgotten;
        return;
      default:
        exchange(draw(6), false);
    }
  }

  // Settles all it gets; false: there was nothing. What an answer that was lost has claimed comes back with time.
  bool finish() {
    const bool heard = exchange(64, true);
    if (!heard) insist("exchange", [&] { return exchange(64, true); });
    return !heard || !held_.empty();
  }

  std::vector<Act> acts;
  HistoryTally tally;

 private:
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  template <class Call>
  auto timed(Call make, Act& act) {
    const std::shared_lock lock(all_.moving_);
    act.client = number_;
    act.earliest = all_.at_least(), act.made = all_.now();
    auto answer = make();
    act.answered = all_.now(), act.latest = all_.at_most();
    return answer;
  }
  // Some answers the client never hears. The judge does: what a store was asked and said is known to him as it was,
  // but for the calls whose answers are lost in earnest.
  template <class T>
  bool hears(const Result<T>& answer) {
    const bool heard = answer && draw(16) != 0;
    tally.unanswered += answer ? !heard : answer.error().code == Errc::unknown_outcome;
    return heard;
  }
  template <class T>
  static Act::Told told(const Result<T>& answer) {
    if (answer) return Act::Told::yes;
    return answer.error().code == Errc::unknown_outcome ? Act::Told::nothing : Act::Told::no;
  }
  static Act::Told of(Act::Told call, Item item) {
    if (call != Act::Told::yes) return call;
    return item == Item::ok ? Act::Told::yes : item == Item::unknown ? Act::Told::nothing : Act::Told::no;
  }

  void enqueue() {
    std::vector<int> numbers;
    for (auto n = 1 + draw(4); n > 0; --n) numbers.push_back(all_.next_++);
    if (!unheard_.empty() && draw(2) == 0) numbers.push_back(unheard_.back()), unheard_.pop_back();
    std::vector<NewTask> tasks;
    for (const int n : numbers) {
      NewTask t{.key = key_of(n), .body = "body", .kind = "work"};
      t.priority = n % 3;
      if (n % 5 == 0) t.delay = Millis(n % 7);
      tasks.push_back(t);
    }
    Act act{.what = Act::What::enqueue};
    const auto answer = timed([&] { return store_.enqueue(tasks, nullptr); }, act);
    const Act::Told all = told(answer);
    const bool heard = hears(answer);
    if (all == Act::Told::no) return;  // nothing has happened: these numbers are nobody's
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      act.task = numbers[i];
      act.told = answer ? of(all, (*answer)[i].what) : all;
      if (!heard || act.told == Act::Told::nothing) unheard_.push_back(act.task);
      acts.push_back(act);
    }
  }

  // Whether the answer was heard.
  bool exchange(std::uint64_t limit, bool all) {
    std::vector<Settlement> settle;
    std::vector<Held> extend;
    std::vector<Leased> keep;
    for (Leased& l : held_) {
      const auto luck = all ? 15 : draw(16);
      if (luck < 6) {
        if (luck < 2 && (extend.empty() || extend.back().epoch != l.epoch)) extend.push_back({l.queue, l.epoch});
        keep.push_back(l);
        continue;
      }
      static constexpr State kTo[] = {State::ready, State::ready, State::leased, State::dead, State::cancelled};
      Settlement s{.key = {kQueues[queue_of(number_of(l.id))], l.id}, .epoch = l.epoch};
      s.to = luck < 11 ? kTo[luck - 6] : State::succeeded;
      if (s.to == State::ready) s.delay = Millis(draw(2) * draw(20));
      if (s.to == State::leased) keep.push_back(l);
      settle.push_back(s);
    }
    const Share claim[] = {{kQueues[0], 3}, {kQueues[1], 3}, {kQueues[2], 3}};
    Exchange x{.settle = settle, .extend = extend, .limit = static_cast<std::uint32_t>(limit)};
    if (limit > 0) x.claim = claim;
    x.begin = static_cast<std::uint32_t>(draw(3)), x.lease = kLease;
    Act act{.what = Act::What::claim};
    const auto answer = timed([&] { return store_.exchange(x); }, act);
    note(x, answer, act);
    // What was not heard is said again, or not.
    if (!hears(answer)) return false;
    held_ = std::move(keep);
    held_.insert(held_.end(), answer->leased.begin(), answer->leased.end());
    return true;
  }

  // `made`: its client and times.
  void note(const Exchange& x, const Result<Exchanged>& answer, const Act& made) {
    const Act::Told call = told(answer);
    if (call == Act::Told::no) return;  // nothing has happened
    const auto item = [&](Act::What what) {
      Act act = made;
      act.what = what;
      return act;
    };
    const auto add = [&](Act act, Act::Told how) {
      act.told = how;
      tally.refused += act.what == Act::What::settle && how == Act::Told::no && call == Act::Told::yes;
      tally.lapsed += act.lapsed;
      acts.push_back(act);
    };
    for (std::size_t i = 0; i < x.settle.size(); ++i) {
      Act act = item(Act::What::settle);
      act.task = number_of(x.settle[i].key.id), act.epoch = x.settle[i].epoch, act.to = x.settle[i].to;
      add(act, answer ? of(call, answer->settled[i]) : call);
    }
    for (std::size_t i = 0; i < x.extend.size(); ++i) {
      Act act = item(Act::What::extend);
      act.queue = queue_number(x.extend[i].queue), act.epoch = x.extend[i].epoch;
      add(act, answer ? of(call, answer->extended[i].what) : call);
    }
    if (call == Act::Told::nothing && x.limit > 0) add(item(Act::What::claim), call);
    if (call != Act::Told::yes) return;
    for (const Leased& l : answer->leased) {
      Act act = item(Act::What::claim);
      act.task = number_of(l.id), act.queue = queue_number(l.queue), act.epoch = l.epoch, act.lapsed = l.lapsed;
      add(act, Act::Told::yes);
    }
  }
  static std::uint32_t queue_number(std::string_view queue) {
    return static_cast<std::uint32_t>(std::find(kQueues.begin(), kQueues.end(), queue) - kQueues.begin());
  }

  Recorder& all_;
  DurableBackend& store_;
  const std::uint32_t number_;
  std::mt19937_64 random_;
  std::vector<Leased> held_;
  std::vector<int> unheard_;
};

History Recorder::run(const std::vector<DurableBackend*>& stores, HistoryTally& tally) {
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::thread> threads;
  std::atomic<std::uint64_t> done{0};
  for (std::uint32_t i = 0; i < plan_.clients; ++i) {
    clients.push_back(std::make_unique<Client>(*this, *stores[i % stores.size()], i, plan_.seed * 1000 + i));
    threads.emplace_back([this, &done, &c = *clients.back()] {
      while (done < plan_.acts) {
        const std::size_t before = c.acts.size();
        c.step();
        done += c.acts.size() - before;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  clients.push_back(std::make_unique<Client>(*this, *stores[0], plan_.clients, plan_.seed * 1000 + plan_.clients));
  for (int idle = 0; idle < 3; time_.advance(2 * kLease)) idle = clients.back()->finish() ? 0 : idle + 1;
  History history{.lease = kLease};
  for (const auto& c : clients) {
    history.acts.insert(history.acts.end(), c->acts.begin(), c->acts.end());
    tally.unanswered += c->tally.unanswered, tally.refused += c->tally.refused;
    tally.lapsed += c->tally.lapsed, tally.forgotten += c->tally.forgotten;
  }
  read(*stores[0], history);
  ++tally.histories;
  tally.acts += history.acts.size();
  return history;
}

void Recorder::read(DurableBackend& store, History& history) const {
  for (int from = 1; from < next_; from += 200) {
    std::vector<TaskKey> keys;
    for (int n = from; n < next_ && n < from + 200; ++n) keys.push_back(key_of(n));
    const auto records = insist("get", [&] { return store.get(keys); });
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if ((*records)[i]) history.left[from + static_cast<int>(i)] = (*records)[i]->state;
    }
  }
}

}  // namespace penstock::torture
