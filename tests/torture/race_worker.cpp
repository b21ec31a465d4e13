#include "torture/race_worker.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <thread>

#include "torture/verdict.hpp"

namespace penstock::torture {
namespace {

constexpr Millis kLease{20};
constexpr std::string_view kQueue = "race";
constexpr std::array<std::string_view, kRaceGates> kNames = {"one",    "three", "c:1",   "c:2",
                                                             "moving", "held",  "rated", ""};
constexpr std::array<std::string_view, 5> kUnique = {"", "u1", "u2", "u3", "u4"};
constexpr std::array<std::string_view, 3> kFair = {"", "a", "b"};
constexpr int kSteps = 100;
// A token every 10 ms of virtual time.
constexpr Limit kRate{.per_second = 100, .burst = 3};
constexpr Millis kInterval{10};

std::string_view name(RaceGate g) { return kNames[static_cast<std::size_t>(g)]; }

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error("an error: " + result.error().message);
  return std::move(result).value();
}
void must(const Result<void>& result) {
  if (!result) throw std::runtime_error("an error: " + result.error().message);
}

// A task and what its views point to.
struct Made {
  std::vector<std::string_view> gates;
  NewTask task;
  explicit Made(int number) {
    for (int g = 0; g < kRaceGates - 1; ++g)
      if (passes(number, static_cast<RaceGate>(g))) gates.push_back(kNames[static_cast<std::size_t>(g)]);
    task.key = {kQueue, id_of(number)};
    task.kind = "race";
    task.priority = number % 3;
    task.unique = kUnique[static_cast<std::size_t>(unique_key(number))];
    task.fair = kFair[static_cast<std::size_t>(number) % kFair.size()];
    task.gates = gates;
  }
};

}  // namespace

void set_the_scene(RaceTable& table, DurableBackend& store) {
  Gates& gates = *query<Gates>(store);
  const std::pair<RaceGate, std::int64_t> fixed[] = {{RaceGate::one, 1},
                                                     {RaceGate::three, 3},
                                                     {RaceGate::of_class_1, 2},
                                                     {RaceGate::of_class_2, 2},
                                                     {RaceGate::own, 12}};
  for (const auto& [gate, limit] : fixed) {
    const bool of_class = name(gate).substr(0, 2) == "c:";
    const Limit l{.running = limit};
    must(gates.limit(kQueue, of_class ? "c" : name(gate), Layer::declared, &l));
    table.fix(gate, limit);
  }
  must(gates.limit(kQueue, name(RaceGate::rated), Layer::declared, &kRate));
}

void clear_up(RaceTable& table, DurableBackend& store) {
  check_audit(store);  // as the dead have left it
  const auto elapsed = static_cast<std::uint64_t>((table.time().boot() - table.began()) / kInterval);
  if (table.rated_claims() > kRate.burst + elapsed)
    table.fail("a rate let " + std::to_string(table.rated_claims()) + " through in " + std::to_string(elapsed) +
               " intervals");
  Gates& gates = *query<Gates>(store);
  must(gates.hold(kQueue, name(RaceGate::held), Millis(0)));
  for (std::string_view gate : {"one", "three", "c", "moving", "rated", ""})
    for (Layer layer : {Layer::declared, Layer::operator_}) must(gates.limit(kQueue, gate, layer, nullptr));
  table.time().advance(2 * kLease);
  const Share share{kQueue, 64};
  Exchange x;
  x.claim = {&share, 1}, x.limit = 64, x.lease = kLease;
  for (auto left = must(store.exchange(x)).leased; !left.empty();) {
    std::vector<Settlement> all;
    for (const Leased& l : left) all.push_back({.key = {kQueue, l.id}, .epoch = l.epoch, .to = State::succeeded});
    Exchange next = x;
    next.settle = all;
    left = must(store.exchange(next)).leased;
  }
  for (const Counts& c : must(store.counts()))
    for (State s : {State::scheduled, State::ready, State::leased})
      if (c.by_state[static_cast<std::size_t>(s)] != 0) table.fail("tasks are left that nobody can claim");
  for (int task = 0; task < std::min(table.sent(), kRaceTasks); ++task) {
    const TaskKey key{kQueue, id_of(task)};
    if (table.in(task) && !must(store.get({&key, 1}))[0]) table.fail("task " + std::to_string(task) + " is gone");
  }
  const Limit any{.running = 1};
  for (std::string_view gate : kNames) must(gates.limit(kQueue, gate, Layer::declared, &any));
  for (const GateState& g : must(gates.gates(kQueue)))
    if (g.leased != 0 || g.waiting != 0) table.fail("gate '" + g.gate + "' still counts somebody");
  check_audit(store);
}

RaceWorker::RaceWorker(RaceTable& table, DurableBackend& store, std::uint64_t seed, std::uint64_t steps)
    : table_(table), store_(store), gates_(*query<Gates>(store)), random_(seed), steps_(steps) {}

void RaceWorker::run() {
  for (std::uint64_t step = 0; step < std::min<std::uint64_t>(steps_, kSteps) && !table_.failed(); ++step) {
    if (draw(2) == 0) std::this_thread::yield();  // there are more workers than processors
    switch (draw(8)) {
      case 0:
      case 1:
        enqueue();
        break;
      case 2:
        table_.time().advance(Millis(1 + draw(8)));
        break;
      case 3:
        change();
        break;
      default:
        exchange();
    }
  }
}

void RaceWorker::enqueue() {
  std::vector<int> numbers;
  for (std::uint64_t n = 1 + draw(3); n > 0; --n)
    if (const int number = table_.next_task(); number >= 0) numbers.push_back(number);
  std::vector<Made> made;
  for (int number : numbers) made.emplace_back(number);
  std::vector<NewTask> tasks;
  for (Made& m : made) m.task.gates = m.gates, tasks.push_back(m.task);
  const auto answers = must(store_.enqueue(tasks, nullptr));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (answers[i].what == Item::ok) table_.let_in(numbers[i]);
    if (answers[i].what == Item::conflict && unique_key(numbers[i]) != 0) ++table_.tally().conflicts;
  }
}

void RaceWorker::choose_settlements(std::vector<Settlement>& out, std::vector<Mine>& let_go) {
  std::vector<Mine> kept;
  for (const Mine& m : mine_) {
    if (draw(2) == 0) {
      kept.push_back(m);
      continue;
    }
    Settlement s{.key = {kQueue, id_of(m.task)}, .epoch = m.epoch};
    s.to = draw(3) == 0 ? State::ready : draw(2) == 0 ? State::dead : State::succeeded;
    if (s.to == State::ready) s.delay = Millis(draw(2) * draw(10));
    // Where somebody has taken it over there is nothing to let go of: the store is to say so.
    (void)table_.letting_go(m.task, m.epoch, ended(s.to));
    out.push_back(s);
    let_go.push_back(m);
  }
  mine_ = kept;
}

void RaceWorker::exchange() {
  std::vector<Settlement> settle;
  std::vector<Mine> let_go;
  choose_settlements(settle, let_go);
  std::vector<Held> extend;
  for (const Mine& m : mine_)
    if (draw(4) == 0 && (extend.empty() || extend.back().epoch != m.epoch)) extend.push_back({kQueue, m.epoch});
  const auto limit = static_cast<std::uint32_t>(1 + draw(5));
  const Share share{kQueue, limit};
  Exchange x;
  x.settle = settle, x.extend = extend, x.claim = {&share, 1};
  x.limit = limit, x.begin = static_cast<std::uint32_t>(draw(3)), x.lease = kLease;
  if (draw(3) == 0) x.ahead = static_cast<std::uint32_t>(draw(limit + 1));
  const RaceTable::Sight sight = table_.look();
  const Exchanged got = must(store_.exchange(x));
  if (draw(4) == 0) std::this_thread::yield();
  for (std::size_t i = 0; i < settle.size(); ++i)
    table_.settled(let_go[i].task, let_go[i].epoch, got.settled[i], ended(settle[i].to), let_go[i].valid_until);
  for (std::size_t i = 0; i < extend.size(); ++i) {
    if (got.extended[i].what != Item::ok) continue;
    const auto& stop = got.extended[i].stop;  // taken over: what is left of the batch is extended
    for (Mine& m : mine_) {
      if (m.epoch != extend[i].epoch || std::find(stop.begin(), stop.end(), id_of(m.task)) != stop.end()) continue;
      table_.extended(m.task, m.epoch, kLease, sight);
      m.valid_until = sight.at + kLease;
    }
  }
  for (const Leased& l : got.leased) {
    const int task = number_of(l.id);
    table_.claimed(task, l, kLease, sight);
    mine_.push_back({task, l.epoch, sight.at + kLease});
  }
}

void RaceWorker::change() {
  const bool hold = draw(2) == 0;
  const RaceGate gate = hold ? RaceGate::held : RaceGate::moving;
  const std::int64_t to = hold ? (draw(2) == 0 ? 0 : -1) : static_cast<std::int64_t>(draw(4));
  if (!table_.change(gate, to)) return;
  const Limit l{.running = to};
  if (hold) must(gates_.hold(kQueue, name(gate), to == 0 ? kHoldForever : Millis(0)));
  if (!hold) must(gates_.limit(kQueue, name(gate), Layer::operator_, &l));
  table_.done(gate);
}

}  // namespace penstock::torture
