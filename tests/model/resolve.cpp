// How a step of a sequence becomes a call: part of the player.
#include <algorithm>

#include "model/player.hpp"
#include "model/words.hpp"

namespace penstock::model {

using std::to_string;

std::string_view octets(std::uint64_t many) {
  static const std::string all((1 << 20) + 1, 'b');  // what a body may have at the most, and one
  return std::string_view(all).substr(0, static_cast<std::size_t>(many));
}

void Player::sent(const std::string& queue, int id) {
  Key key{queue, id, 0};
  if (std::find(sent_.begin(), sent_.end(), key) == sent_.end()) sent_.push_back(key);
}

int Player::number(const Job& job, int& fresh) const {
  if (job.reuse <= 0 || sent_.empty()) return fresh++;
  return sent_[sent_.size() - 1 - static_cast<std::size_t>(job.reuse - 1) % sent_.size()].id;
}

NewTask Player::resolve(const Job& j, const std::string& queue, int number) {
  static constexpr std::array<const char*, 3> kBad = {"..", "", "a/b"};
  NewTask t;
  t.key = {queue, task_id(number)};
  t.body = body(j.content);
  t.kind = of(kKinds, j.content);
  t.priority = j.priority;
  t.weight = static_cast<std::uint16_t>(j.weight);
  t.delay = Millis(j.delay);
  if (j.dated) t.due = now().wall + Millis(j.due);
  if (has(kLimit)) t.queue_limit = static_cast<std::uint64_t>(j.limit);
  flow(j, t);
  if (j.odd == Odd::bad_queue) t.key.queue = kBadQueue;
  if (j.odd == Odd::bad_kind) t.kind = of(kBad, j.content);
  if (j.odd == Odd::zero_weight) t.weight = 0;
  if (j.odd == Odd::negative_delay) t.delay = Millis(-1);
  if (j.odd == Odd::big) t.body = octets(properties_.max_body + 1);
  if (j.odd == Odd::feature && !has(kAfter) && plain_) t.after = kSomeTask;
  say((t.key.queue == queue ? queue : "a bad queue") + "/#" + to_string(number) + " kind " + in_quotes(t.kind) +
      " body " + in_quotes(t.body) + " priority " + to_string(t.priority) + " weight " + to_string(t.weight) +
      (j.dated ? " due in " + to_string(j.due) + "ms" : "") +
      (j.delay ? " delay " + to_string(t.delay.count()) + "ms" : "") +
      (t.queue_limit ? " limit " + to_string(t.queue_limit) : "") + (t.after.empty() ? "" : " after another"));
  if (!t.unique.empty())
    say("unique " + in_quotes(t.unique) + (t.unique_while == Unique::waiting ? " while waiting" : "") +
        (t.replace ? " replace" : "") + (t.unique_for.count() ? " for " + to_string(t.unique_for.count()) + "ms" : ""));
  if (!t.fair.empty()) say("fair " + in_quotes(t.fair));
  for (std::string_view gate : t.gates) say("gate " + in_quotes(gate));
  say(";");
  return t;
}

// The keys and gates of a task, as far as the backend has them.
void Player::flow(const Job& j, NewTask& t) {
  auto& gates = gates_.emplace_back();
  if (has(kUnique)) {
    t.unique = of(kUniqueKeys, j.unique);
    t.unique_while = j.waiting ? Unique::waiting : Unique::live;
    t.unique_for = Millis(j.odd == Odd::negative_time ? -1 : j.time);
    t.replace = j.replace;
    key_times_ |= t.unique_for > Millis(0);
    if (j.odd == Odd::long_key) t.unique = octets(kMaxKey + 1);
  }
  if (has(kFair)) t.fair = j.odd == Odd::long_fair ? octets(kMaxKey + 1) : of(kFairKeys, j.fair);
  if (!has(kGates)) return;
  for (int gate = 1; gate <= kGateNames; ++gate)
    if (j.gates & (1 << (gate - 1))) gates.push_back(of(kGateTable, gate));
  if (j.content % 2) std::reverse(gates.begin(), gates.end());
  if (j.odd == Odd::long_gate) gates.push_back(octets(kMaxKey + 1));
  if (j.odd == Odd::empty_gate) gates.push_back("");
  if (j.odd == Odd::same_gate) gates.push_back("twice"), gates.push_back("twice");
  if (j.odd == Odd::nine_gates)
    for (std::size_t n = 1; gates.size() <= kMaxGates; ++n) gates.push_back(octets(n));
  t.gates = gates;
}

Player::Key Player::resolve(const Target& t) const {
  const std::vector<Key>& from = t.leased && !leased_.empty() ? leased_ : sent_;
  if (t.stranger || from.empty()) return {t.bad_queue ? kBadQueue : kQueues[0], 9999, 0};
  Key key = from[from.size() - 1 - static_cast<std::size_t>(t.back) % from.size()];
  if (t.bad_queue) key.queue = kBadQueue;
  return key;
}

// The epoch that a settlement names, in the model's numbers.
Epoch Player::resolve(const Say& s, const Key& key) {
  if (s.fence == Fence::zero) return 0;
  if (s.fence == Fence::unknown) return kUnknownEpoch;
  if (s.fence == Fence::older) {
    for (auto b = batches_.rbegin(); b != batches_.rend(); ++b)
      if (b->queue == key.queue && b->epoch != key.epoch) return b->epoch;
    return 0;
  }
  if (s.fence == Fence::handed && s.of.leased) return key.epoch;
  auto record = model_.get({key.queue, task_id(key.id)});
  return record ? record->epoch : 0;
}

std::vector<TaskKey> Player::resolve(const Op& op, std::vector<Key>& storage) const {
  for (const Target& t : op.targets) storage.push_back(resolve(t));
  std::vector<TaskKey> out;
  for (const Key& key : storage) out.push_back({key.queue, task_id(key.id)});
  return out;
}

// In the model's revisions.
Document Player::document(const Op& op) {
  Document d{"doc/" + to_string(op.document), std::string(note(std::max(op.count, 0))), 0};
  std::uint64_t current = revisions_[d.name].size();
  d.revision =
      op.revision == kOther ? current + 1 : current - std::min(current, static_cast<std::uint64_t>(op.revision));
  say(d.name + " = " + in_quotes(d.value) + " at revision " + to_string(d.revision) + " of " + to_string(current));
  return d;
}

}  // namespace penstock::model
