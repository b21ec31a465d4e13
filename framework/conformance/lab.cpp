#include "conformance/lab.hpp"

#include <sstream>

namespace penstock::conformance {

Lab::Lab(const Harness& harness) : harness_(harness), random_(harness.seed) {
  if (harness_.wipe) harness_.wipe();
  properties_ = store().properties();
  if (!properties_.durability) return;
  durability_ = properties_.durability;
  properties_.durability = durability_.c_str();
}

DurableBackend& Lab::store() {
  if (!store_) store_ = harness_.open();
  if (!store_) throw Broken{"Harness::open gave no backend"};
  return *store_;
}

std::unique_ptr<DurableBackend> Lab::another() {
  need(harness_.shared, "a second object on the same store");
  auto made = harness_.open();
  if (!made) throw Broken{"Harness::open gave no backend"};
  return made;
}

void Lab::need(bool available, const char* what) const {
  if (!available) throw Unsupported{std::string("needs ") + what};
}

void Lab::pass(Millis by) {
  need(by <= harness_.longest_advance, "a clock that can be moved further");
  harness_.advance(by);
}

Time Lab::wall() const {
  return harness_.wall ? harness_.wall() : std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
}

TaskId Lab::id() {
  TaskId made;
  for (std::size_t i = 0; i < made.bytes.size(); i += 8) {
    const std::uint64_t bits = random_.next();
    for (std::size_t j = 0; j < 8; ++j) made.bytes[i + j] = static_cast<unsigned char>(bits >> (8 * j));
  }
  return made;
}

NewTask Lab::task(std::string_view queue) {
  NewTask made;
  made.key = {queue, id()};
  made.kind = "kind";
  made.body = "body";
  return made;
}

std::vector<NewTask> Lab::tasks(std::size_t n, std::string_view queue) {
  std::vector<NewTask> made;
  for (std::size_t i = 0; i < n; ++i) made.push_back(task(queue));
  return made;
}

std::vector<Admission> Lab::enqueue(std::span<const NewTask> batch, Here here) {
  for (const NewTask& t : batch) sent_.emplace(t.key.queue, t.key.id);
  auto answers = must(store().enqueue(batch, nullptr), "enqueue", here);
  same(answers.size(), batch.size(), "the number of answers of enqueue", here);
  return answers;
}

Item Lab::enqueue(const NewTask& t, Here here) { return enqueue(std::span(&t, 1), here)[0].what; }

TaskKey Lab::put(const NewTask& t, Here here) {
  same(enqueue(t, here), Item::ok, "an enqueue", here);
  return t.key;
}

std::vector<TaskId> Lab::put(std::size_t n, std::string_view queue, Here here) {
  std::vector<TaskId> made;
  for (const NewTask& t : tasks(n, queue)) made.push_back(put(t, here).id);
  return made;
}

Exchanged Lab::exchange(const Exchange& e, Here here) {
  Exchanged answer = must(store().exchange(e), "exchange", here);
  same(answer.settled.size(), e.settle.size(), "the number of answers to settlements", here);
  same(answer.extended.size(), e.extend.size(), "the number of answers to extensions", here);
  holds(answer.leased.size() <= e.limit, "no more tasks claimed than the limit", here);
  return answer;
}

Claimed Lab::claim(std::uint32_t limit, std::string_view queue, Millis lease, std::uint32_t begin, Here here) {
  const Share share{queue, limit};
  Exchange e;
  e.claim = std::span(&share, 1);
  e.limit = limit;
  e.begin = begin;
  e.lease = lease;
  e.worker = "lab";
  return exchange(e, here).leased;
}

Leased Lab::claim_one(std::string_view queue, Millis lease, std::uint32_t begin, Here here) {
  auto got = claim(1, queue, lease, begin, here);
  same(got.size(), 1u, "the number of tasks claimed", here);
  return got[0];
}

Settlement Lab::say(const Leased& t, State to) {
  Settlement s;
  s.key = {t.queue, t.id};
  s.epoch = t.epoch;
  s.to = to;
  return s;
}

Item Lab::settle(const Settlement& s, Here here) {
  for (const NewTask& child : s.children) sent_.emplace(child.key.queue, child.key.id);
  Exchange e;
  e.settle = std::span(&s, 1);
  e.lease = kLong;
  return exchange(e, here).settled[0];
}

Extended Lab::extend(std::string_view queue, Epoch epoch, Millis lease, Here here) {
  const Held held{queue, epoch};
  Exchange e;
  e.extend = std::span(&held, 1);
  e.lease = lease;
  return exchange(e, here).extended[0];
}

Leased Lab::leased(std::string_view queue, Here here) {
  const TaskKey sent = put(queue, here);
  Leased got = claim_one(queue, kLong, 0, here);
  same(got.id, sent.id, "the id claimed", here);
  return got;
}

void Lab::finish(const Leased& t, State to, Millis keep, std::string_view note, Here here) {
  Settlement s = say(t, to);
  s.keep = keep;
  s.note = note;
  same(settle(s, here), Item::ok, "a settlement by the holder", here);
}

Leased Lab::ended(State to, Millis keep, std::string_view queue, Here here) {
  Leased t = leased(queue, here);
  finish(t, to, keep, {}, here);
  return t;
}

Item Lab::cancel(TaskKey k, Here here) {
  auto answers = must(store().cancel(std::span(&k, 1)), "cancel", here);
  same(answers.size(), 1u, "the number of answers of cancel", here);
  return answers[0];
}

std::optional<Record> Lab::get(TaskKey k, Here here) {
  auto answers = must(store().get(std::span(&k, 1)), "get", here);
  same(answers.size(), 1u, "the number of answers of get", here);
  return answers[0];
}

Record Lab::record(TaskKey k, Here here) {
  auto found = get(k, here);
  holds(found.has_value(), "a record of task " + text(k.id), here);
  return *found;
}

Counts Lab::counts(std::string_view queue, Here here) {
  for (const Counts& c : must(store().counts(), "counts", here))
    if (c.queue == queue) return c;
  Counts none;
  none.queue = queue;
  return none;
}

std::uint64_t Lab::count(State s, std::string_view queue, Here here) {
  return counts(queue, here).by_state[static_cast<std::size_t>(s)];
}

std::uint64_t Lab::trim(const Retention& r, Here here) { return must(store().trim(r), "trim", here); }

std::string Lab::dump(Here here) {
  std::string out;
  for (const auto& [queue, id] : sent_) {
    const auto found = get({queue, id}, here);
    out += text(queue) + "/" + text(id) + " " + text(found) + "\n";
  }
  for (const Counts& c : must(store().counts(), "counts", here)) out += text(c) + "\n";
  return out;
}

void Lab::unchanged(const std::string& before, std::string_view after_what, Here here) {
  std::istringstream was(before), is(dump(here));
  std::string a, b;
  while (true) {
    const bool more_was = static_cast<bool>(std::getline(was, a)), more_is = static_cast<bool>(std::getline(is, b));
    if (!more_was && !more_is) return;
    if (!more_was) a = "nothing";
    if (!more_is) b = "nothing";
    if (a != b) broken(std::string(after_what) + " changed something: before " + a + ", after " + b, here);
  }
}

void Lab::nothing_claimable(std::string_view after_what, Here here) {
  std::set<std::string> queues;
  for (const auto& [queue, id] : sent_) queues.insert(queue);
  for (const std::string& queue : queues) {
    const auto got = claim(1, queue, kLong, 0, here);
    if (!got.empty()) broken(std::string(after_what) + ": task " + text(got[0].id) + " was offered", here);
  }
}

void Lab::sound(Here here) {
  auto* audit = store_ ? query<Audit>(*store_) : nullptr;
  if (!audit) return;
  const Audited seen = must(audit->audit(3), "an audit", here);
  for (const Violation& v : seen.violations) broken("the audit finds " + v.rule + ", " + v.where + ": " + v.what, here);
  same(seen.broken, 0u, "violations that the audit counts", here);
}

std::vector<TaskId> ids(const std::vector<Leased>& all) {
  std::vector<TaskId> out;
  for (const Leased& t : all) out.push_back(t.id);
  return out;
}

}  // namespace penstock::conformance
