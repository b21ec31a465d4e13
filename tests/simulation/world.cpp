#include "simulation/world.hpp"

#include <algorithm>
#include <ostream>

#include "simulation/process.hpp"

namespace penstock::simulation {
namespace {

constexpr Millis kFaultsFor{20'000};
constexpr Millis kLongestCalm{400'000};  // suspects run one at a time, and back-offs add up

}  // namespace

World::World(std::uint64_t seed, std::ostream* log) : random(seed), log_(log), store_({}, seed) {
  auto on = [this] { return random.one_in(2); };
  faults_ = {.refusals = on(),
             .lost_requests = on(),
             .lost_replies = on(),
             .late_requests = on(),
             .slow_calls = on(),
             .crashes = on(),
             .pauses = on(),
             .restarts = on(),
             .per_mille = random.of({5, 20, 60})};
  places_ = static_cast<std::size_t>(3 + random.below(3));
  processes_.resize(places_);
  make_tasks();
  for (std::size_t place = 0; place < places_; ++place) start_process(place);
}
World::~World() = default;

void World::make_tasks() {
  const int count = 20 + random.below(40);
  const int queues = 1 + random.below(3);
  const Millis longest{random.of({5, 300, 1500})};
  int poison = random.one_in(2) ? random.below(3) : 0;
  for (int n = 0; n < count; ++n) {
    Fate& t = ledger.tasks.emplace_back();
    t.queue = "q" + std::to_string(random.below(queues));
    t.runs = Millis(random.below(static_cast<int>(longest.count())));
    t.poison = poison > 0 && random.one_in(10) && poison-- > 0;
    if (random.one_in(4)) t.fails = static_cast<std::uint32_t>(random.below(4));
    if (random.one_in(8)) t.snoozes = static_cast<std::uint32_t>(random.below(3));
    events.after(Millis(random.one_in(2) ? 0 : random.below(5000)), [this, n] {
      Fate& fate = ledger.tasks[static_cast<std::size_t>(n)];
      NewTask task;
      task.key = {fate.queue, Ledger::id(static_cast<std::size_t>(n))};
      task.kind = "kind";
      task.priority = random.below(3) - 1;
      task.delay = Millis(random.one_in(4) ? random.below(3000) : 0);
      if (store_.enqueue({&task, 1}, nullptr, time()).value().at(0).what != Item::ok) throw Violation("not enqueued");
      fate.enqueued = true;
      ring_all();
    });
    if (!random.one_in(10)) continue;
    events.after(Millis(random.below(8000)), [this, n] {
      Fate& fate = ledger.tasks[static_cast<std::size_t>(n)];
      if (!fate.enqueued) return;
      TaskKey key{fate.queue, Ledger::id(static_cast<std::size_t>(n))};
      Item said = store_.cancel({&key, 1}, time()).value().at(0);
      if (said == Item::ok) ledger.ended(key.id);
      if (said == Item::ok || said == Item::requested) fate.cancel = true, ++tally_.cancels;
      note("cancel", 0, static_cast<std::uint64_t>(n), static_cast<std::uint64_t>(said));
      ring_all();
    });
  }
}

void World::start_process(std::size_t place) {
  processes_[place] = std::make_shared<Process>(*this, ++last_process_);
  processes_[place]->begin();
}

void World::run() {
  const Millis quiet = events.now() + kFaultsFor, end = quiet + kLongestCalm;
  std::function<void()> trouble = [&] {
    if (calm_) return;
    misfortune();
    events.after(Millis(50 + random.below(500)), trouble);
  };
  events.after(Millis(0), trouble);
  while (events.step(quiet)) {
  }
  calm_ = true;
  while (!over()) {
    if (!events.step(end))
      throw Violation("not drained " + std::to_string(kLongestCalm.count()) + " ms after the last fault");
  }
  for (std::size_t n = 0; n < ledger.tasks.size(); ++n) {
    Leased l;
    l.queue = ledger.tasks[n].queue;
    l.id = Ledger::id(n);
    Record r = record(l);
    note("end", 0, n, static_cast<std::uint64_t>(r.state));
    tally_.buried += r.state == State::dead && r.crashes >= Ledger::kMaxCrashes;
    tally_.lapses += ledger.tasks[n].lapses;
    ledger.closing(l.id, r);
  }
}

bool World::over() {
  return std::ranges::all_of(ledger.tasks, [](const Fate& t) { return t.enqueued && t.ends == 1; }) &&
         std::ranges::all_of(processes_, [](const auto& p) { return p && p->idle(); });
}

// Something goes wrong with a process, perhaps.
void World::misfortune() {
  const std::shared_ptr<Process> victim = processes_[static_cast<std::size_t>(random.below(static_cast<int>(places_)))];
  if (!victim) return;
  switch (random.below(12)) {
    case 0:
      if (faults_.crashes) ++tally_.crashes, crash(*victim);
      break;
    case 1:
      if (faults_.pauses) ++tally_.pauses, victim->pause(Millis(random.below(3 * static_cast<int>(lease.count()))));
      break;
    case 2:
      if (faults_.restarts) ++tally_.restarts, victim->stop();
      break;
    default:
      break;
  }
}

void World::crash(Process& process, const Fate* by) {
  note("crash", process.number());
  ledger.hit(process.number(), by);
  process.die();
  replace(process);
}

void World::replace(Process& process) {
  auto at = std::ranges::find(processes_, &process, [](const auto& p) { return p.get(); });
  if (at == processes_.end()) return;  // it is gone already, but not out of its functions yet
  const auto place = static_cast<std::size_t>(at - processes_.begin());
  // Not at once: somebody is still inside one of its functions.
  events.after(Millis(0), [dead = std::move(*at)] {});
  *at = nullptr;
  events.after(Millis(random.below(2000)), [this, place] { start_process(place); });
}

void Tally::add(const Tally& other) {
  calls += other.calls, starts += other.starts, refusals += other.refusals, lost_requests += other.lost_requests;
  lost_replies += other.lost_replies, late_requests += other.late_requests, slow_calls += other.slow_calls;
  crashes += other.crashes, pauses += other.pauses, restarts += other.restarts, kills += other.kills;
  cancels += other.cancels, lapses += other.lapses, buried += other.buried, stale += other.stale;
}

std::vector<std::pair<const char*, std::uint64_t>> Tally::rows() const {
  return {{"calls", calls},
          {"starts", starts},
          {"refused calls", refusals},
          {"lost requests", lost_requests},
          {"lost replies", lost_replies},
          {"late requests", late_requests},
          {"slow calls", slow_calls},
          {"crashes", crashes},
          {"crashes by poison", kills},
          {"pauses", pauses},
          {"stops in order", restarts},
          {"cancels", cancels},
          {"lapsed leases", lapses},
          {"stale settlements refused", stale},
          {"tasks buried as poison", buried}};
}

void World::note(const char* what, int process, std::uint64_t task, std::uint64_t detail) {
  auto add = [this](std::uint64_t value) {
    for (int i = 0; i < 8; ++i) trace_ = (trace_ ^ (value >> (8 * i) & 0xff)) * 0x100000001b3;
  };
  add(static_cast<std::uint64_t>(events.now().count()));
  for (const char* c = what; *c; ++c) add(static_cast<unsigned char>(*c));
  add(static_cast<std::uint64_t>(process)), add(task), add(detail);
  if (log_)
    *log_ << events.now().count() << " process " << process << " " << what << " task " << task << " " << detail << "\n";
}

}  // namespace penstock::simulation
