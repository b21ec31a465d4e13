#include "torture/race_table.hpp"

#include <cstring>
#include <new>
#include <stdexcept>
#include <sys/mman.h>
#include <thread>

namespace penstock::torture {

// A lock that a killed owner leaves usable: every change under it is right after each of its writes.
class RaceTable::Lock {
 public:
  explicit Lock(RaceTable& table) : mutex_(table.mutex_) {
    if (pthread_mutex_lock(&mutex_) == EOWNERDEAD) pthread_mutex_consistent(&mutex_);
  }
  ~Lock() { pthread_mutex_unlock(&mutex_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  pthread_mutex_t& mutex_;
};

bool passes(int task, RaceGate gate) {
  if (gate == RaceGate::own) return true;
  // One or two gates each, and some without.
  const auto g = static_cast<int>(gate);
  return task % (kRaceGates + 2) == g || (task / 7) % (2 * kRaceGates) == g;
}

int unique_key(int task) { return task % 3 == 0 ? 1 + task % 4 : 0; }

RaceTable* RaceTable::make() {
  void* at = mmap(nullptr, sizeof(RaceTable), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::runtime_error("no memory to share");
  return new (at) RaceTable;
}

RaceTable::RaceTable() {
  pthread_mutexattr_t how;
  pthread_mutexattr_init(&how);
  pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex_, &how);
  pthread_mutexattr_destroy(&how);
}

void RaceTable::start() {
  for (Task& t : tasks_) t.epoch = 0, t.valid_until = 0, t.held = t.in = t.has_key = t.ended = false;
  for (Gate& g : gates_) g.limit = -1, g.version = 0, g.fixed = false;
  next_ = 0, gathered_ = 0, rated_ = 0, began_ = time_.boot().count();
}

void RaceTable::gather(int all) {
  for (++gathered_; gathered_ < all;) std::this_thread::yield();
}

void RaceTable::fail(const std::string& what) {
  if (failed_.exchange(true)) return;
  std::strncpy(message_, what.c_str(), sizeof message_ - 1);
}

// ---- gates

void RaceTable::fix(RaceGate gate, std::int64_t limit) {
  of(gate).limit = limit;
  of(gate).fixed = true;
}

bool RaceTable::change(RaceGate gate, std::int64_t limit) {
  const Lock lock(*this);
  Gate& g = of(gate);
  if (g.version % 2) return false;
  ++g.version;
  g.next = limit;
  return true;
}

void RaceTable::done(RaceGate gate) {
  const Lock lock(*this);
  Gate& g = of(gate);
  g.limit = g.next.load();
  ++g.version;
  ++tally_.changes;
}

// ---- tasks

int RaceTable::next_task() {
  const int n = next_++;
  if (n < kRaceTasks) return n;
  next_ = kRaceTasks;
  return -1;
}

void RaceTable::let_in(int task) {
  const Lock lock(*this);
  of(task).in = true;
  const int key = unique_key(task);
  if (key == 0 || of(task).ended) return;  // others may have claimed and ended it before this mark
  of(task).has_key = true;
  for (int other = 0; other < kRaceTasks; ++other)
    if (other != task && of(other).has_key && unique_key(other) == key)
      fail("task " + std::to_string(task) + " was let in while task " + std::to_string(other) + " held unique key " +
           std::to_string(key));
}

RaceTable::Sight RaceTable::look() {
  const Lock lock(*this);
  Sight s;
  s.at = time_.boot();
  for (int t = 0; t < kRaceTasks; ++t) s.held[static_cast<std::size_t>(t)] = of(t).held ? of(t).epoch.load() : 0;
  for (std::size_t g = 0; g < gates_.size(); ++g) s.version[g] = gates_[g].version;
  return s;
}

void RaceTable::claimed(int task, const Leased& l, Millis lease, const Sight& sight) {
  const Lock lock(*this);
  Task& t = of(task);
  ++(l.lapsed ? tally_.takeovers : tally_.claims);
  if (l.epoch > t.epoch) {
    const std::string who = "task " + std::to_string(task) + " of epoch " + std::to_string(t.epoch.load());
    if (t.held && !l.lapsed) fail(who + " was handed out as ready while it was held");
    if (t.held && time_.boot() < Millis(t.valid_until.load())) fail(who + " was taken over before its lease lapsed");
    t.held = false;  // in this order, should this process be killed now
    t.epoch = l.epoch;
    t.valid_until = (sight.at + lease).count();
    t.held = true;
  }
  if (l.lapsed) return;
  if (passes(task, RaceGate::rated)) ++rated_;
  for (int g = 0; g < kRaceGates; ++g)
    if (passes(task, static_cast<RaceGate>(g))) check_gate(static_cast<RaceGate>(g), task, sight);
}

// A ready task was claimed through this gate, some time since `sight`.
void RaceTable::check_gate(RaceGate gate, int task, const Sight& sight) {
  const Gate& g = of(gate);
  if (g.limit < 0) return;
  const auto index = static_cast<std::size_t>(gate);
  std::int64_t now = 0, since = 1;  // holders at this instant; of these, held all the time since `sight`, and this one
  for (int other = 0; other < kRaceTasks; ++other) {
    if (!passes(other, gate) || !of(other).held) continue;
    ++now;
    since += other != task && sight.held[static_cast<std::size_t>(other)] == of(other).epoch;
  }
  const std::string what = "gate " + std::to_string(index) + " lets " + std::to_string(g.limit.load()) + " through";
  if (now == g.limit) ++tally_.full;
  if (g.fixed && now > g.limit) fail(what + ", and " + std::to_string(now) + " hold it");
  if (g.version % 2 == 0 && g.version == sight.version[index] && since > g.limit)
    fail(what + ", and task " + std::to_string(task) + " was claimed as number " + std::to_string(since));
}

void RaceTable::extended(int task, Epoch epoch, Millis lease, const Sight& sight) {
  const Lock lock(*this);
  Task& t = of(task);
  if (t.held && t.epoch == epoch) t.valid_until = (sight.at + lease).count();
}

bool RaceTable::letting_go(int task, Epoch epoch, bool ends) {
  const Lock lock(*this);
  Task& t = of(task);
  if (t.epoch != epoch || !t.held) return false;
  t.held = false;
  if (ends) t.ended = true, t.has_key = false;
  return true;
}

void RaceTable::settled(int task, Epoch epoch, Item what, bool ends, Millis valid_until) {
  const Lock lock(*this);
  if (what == Item::ok) {
    ++(ends ? tally_.ends : tally_.retries);
  } else if (what != Item::lease_lost) {
    fail("a settlement of task " + std::to_string(task) + " was answered by number " +
         std::to_string(static_cast<int>(what)));
  } else if (time_.boot() < valid_until) {
    fail("task " + std::to_string(task) + " was lost under epoch " + std::to_string(epoch) +
         " before its lease lapsed");
  }
}

}  // namespace penstock::torture
