#include "model/player.hpp"

#include <algorithm>
#include <cmath>

#include "model/words.hpp"

namespace penstock::model {

using std::to_string;

Player::Player(Subject& subject, Observer observer, std::ostream* trace)
    : subject_(subject),
      properties_((subject.fresh(), subject.backend().properties())),
      observer_(std::move(observer)),
      model_(properties_),
      trace_(trace) {
  if (observer_) model_.seen = observer_;
}

std::optional<Divergence> Player::play(const Sequence& sequence) {
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    std::string problem;
    line_.clear();
    gates_.clear();
    try {
      epochs_.step();
      model_.now = now();
      step(sequence[i]);
      model_.step();
      model_.now = now();
      compare_state();
      if (i + 1 == sequence.size()) audit();
    } catch (const Diverged& d) {
      problem = d.what();
    }
    if (trace_) *trace_ << "  " << i + 1 << ". " << line_ << "\n";
    if (!problem.empty()) return Divergence{i, problem};
  }
  return std::nullopt;
}

void Player::say(const std::string& text) {
  if (trace_) line_ += (line_.empty() ? "" : " ") + text;
}

void Player::expect(const std::string& what, const std::string& ours, const std::string& theirs) const {
  if (ours != theirs) throw Diverged(what + "\n      expected " + ours + "\n      seen     " + theirs);
}

// True when both have a value, false when both have the same error.
template <class T, class U>
bool Player::both(const char* what, const Result<T>& ours, const Result<U>& theirs) const {
  const auto text = [](const auto& r) {
    return r ? std::string("a value") : std::string("the error ") + name(r.error().code);
  };
  expect(what, text(ours), text(theirs));
  return static_cast<bool>(ours);
}

void Player::step(const Op& op) {
  switch (op.verb) {
    case Verb::enqueue:
      return enqueue(op);
    case Verb::exchange:
      return exchange(op);
    case Verb::cancel:
      return cancel(op);
    case Verb::trim:
      return trim(op);
    case Verb::put:
      return put(op);
    case Verb::list:
      return list(op);
    case Verb::move:
      return move(op);
    case Verb::limit:
      return limit(op);
    case Verb::hold:
      return hold(op);
    case Verb::advance:
      say("both clocks advance by " + to_string(op.time) + "ms");
      return subject_.time().advance(Millis(std::max(op.time, 0)));
    case Verb::jump:
      say("the wall clock jumps by " + to_string(op.time) + "ms");
      return subject_.time().jump_wall(Millis(key_times_ ? std::max(op.time, 0) : op.time));
    case Verb::reopen:
      say("reopen");
      if (subject_.reopen()) seen("reopen: ok");
      return;
  }
}

// ---- the verbs

void Player::enqueue(const Op& op) {
  say("enqueue");
  std::vector<NewTask> tasks;
  std::deque<std::string> names;
  std::vector<Key> keys;
  const bool many = std::any_of(op.jobs.begin(), op.jobs.end(), [](const Job& j) { return j.odd == Odd::many; });
  const bool guarded = op.document >= 0 && has(kGuard) && !many;
  plain_ = !guarded && !many;
  for (const Job& j : op.jobs) {
    int id = number(j, fresh_);
    names.push_back(queue_name(j.queue));
    tasks.push_back(resolve(j, names.back(), id));
    keys.push_back({names.back(), id, 0});
    if (j.odd == Odd::many) tasks.resize(properties_.max_batch + 1, tasks.back());
  }
  std::optional<Guard> ours, theirs;
  Document d;
  if (guarded) {
    say("if");
    d = document(op);
    ours = theirs = Guard{d.name, d.revision, d.value};
    const auto& known = revisions_[d.name];
    theirs->revision = d.revision == 0 ? 0 : d.revision <= known.size() ? known[d.revision - 1] : UINT32_MAX;
  }
  auto expected = model_.enqueue(tasks, ours ? &*ours : nullptr);
  auto seen = backend().enqueue(tasks, theirs ? &*theirs : nullptr);
  for (const Key& key : keys) sent(key.queue, key.id);
  if (guarded) this->seen(expected ? "enqueue, guarded: accepted" : "enqueue, guarded: conflict");
  if (!both("enqueue", expected, seen)) return say(std::string("-> ") + name(seen.error().code));
  const auto text = [](const std::vector<Admission>& all) {
    std::string out;
    for (const Admission& a : all) out += " " + std::string(name(a.what)) + " " + name(a.id);
    return out;
  };
  say("->" + text(*seen));
  expect("enqueue", text(*expected), text(*seen));
}

void Player::exchange(const Op& op) {
  say("exchange");
  std::deque<std::string> names;  // what the views of the calls point to
  std::set<int> lanes;
  plain_ = op.lease >= 1 && std::all_of(op.claim.begin(), op.claim.end(), [&](const Part& p) {
             return lanes.insert(p.queue % int(kQueues.size())).second;
           });
  std::deque<std::vector<NewTask>> families;
  std::vector<Settlement> ours;
  std::vector<Key> born;
  for (const Say& s : op.settle) {
    Key key = resolve(s.of);
    names.push_back(key.queue);
    Settlement out{.key = {names.back(), task_id(key.id)}, .epoch = resolve(s, key)};
    out.to = static_cast<State>(s.to);
    out.charge = static_cast<Charge>(s.charge);
    out.delay = Millis(s.delay);
    out.keep = s.keep < 0 ? kKeepForever : Millis(s.keep);
    out.unstarted = s.unstarted && has(kGates);
    out.note = s.big_note ? octets(properties_.max_body + 1) : note(s.note);
    say("settle " + key.queue + "/#" + to_string(key.id) + " epoch e" + to_string(out.epoch) + " -> " + name(out.to) +
        " charge " + to_string(s.charge) + " delay " + to_string(s.delay) + " keep " + to_string(s.keep) + " note " +
        in_quotes(out.note) + (out.unstarted ? " unstarted;" : ";"));
    families.emplace_back();
    for (const Job& j : s.children) {
      if (!has(kChildren)) break;
      int id = number(j, fresh_);
      names.push_back(j.queue == kOther ? queue_name(key.queue == kQueues[0]) : key.queue);
      say("child");
      families.back().push_back(resolve(j, names.back(), id));
      born.push_back({names.back(), id, 0});
    }
    out.children = families.back();
    ours.push_back(out);
  }
  std::vector<Settlement> theirs = ours;
  for (Settlement& s : theirs) s.epoch = epochs_.theirs(s.key.queue, s.epoch);

  std::vector<Held> extend;
  for (int back : op.extend) {
    Held h{kQueues[0], kUnknownEpoch};
    if (back >= 0 && !batches_.empty()) {
      const Key& batch = batches_[batches_.size() - 1 - static_cast<std::size_t>(back) % batches_.size()];
      names.push_back(batch.queue);
      h = {names.back(), batch.epoch};
    }
    say("extend " + std::string(h.queue) + " e" + to_string(h.epoch) + ";");
    extend.push_back(h);
  }
  std::vector<Held> extend_theirs = extend;
  for (Held& h : extend_theirs) h.epoch = epochs_.theirs(h.queue, h.epoch);

  std::vector<Share> claim;
  for (const Part& p : op.claim) {
    names.push_back(queue_name(p.queue));
    claim.push_back({names.back(), static_cast<std::uint32_t>(p.quota)});
    say("claim " + names.back() + " quota " + to_string(p.quota) + ";");
  }
  Exchange x;
  x.settle = ours, x.extend = extend, x.claim = claim;
  x.limit = static_cast<std::uint32_t>(op.limit);
  x.begin = static_cast<std::uint32_t>(op.begin);
  x.ahead = static_cast<std::uint32_t>(op.ahead);
  // A lease is only judged where one is given.
  x.lease = Millis(claim.empty() && extend.empty() ? std::max(op.lease, 1) : op.lease);
  x.worker = "model";
  say("limit " + to_string(x.limit) + " begin " + to_string(x.begin) + " ahead " + to_string(x.ahead) + " lease " +
      to_string(op.lease) + "ms");

  x.settle = theirs;
  x.extend = extend_theirs;
  auto seen = backend().exchange(x);
  x.settle = ours;
  x.extend = extend;
  Answer answer;
  for (const Leased& l : seen ? seen->leased : std::vector<Leased>()) answer.leased[l.queue].push_back(l.id);
  auto expected = model_.exchange(x, answer);
  for (const Key& key : born) sent(key.queue, key.id);
  if (!expected && expected.error().code == Errc::invalid)
    this->seen(x.lease < Millis(1) ? "exchange: short lease" : "exchange: queue twice");
  if (!both("exchange", expected, seen)) return say(std::string("-> ") + name(seen.error().code));
  compare(x, *expected, *seen, answer);
  observe(x, *expected);
  for (const Leased& l : expected->leased) {
    leased_.push_back({l.queue, l.id.bytes[14] * 256 + l.id.bytes[15], l.epoch});
    Key batch{l.queue, 0, l.epoch};
    if (std::find(batches_.begin(), batches_.end(), batch) == batches_.end()) batches_.push_back(batch);
  }
}

void Player::compare(const Exchange& x, const Exchanged& ours, const Exchanged& theirs, const Answer& answer) {
  const auto extended = [](const Exchanged& e) {
    std::string out;
    for (const Extended& one : e.extended) out += "[" + text(one) + "]";
    return out;
  };
  if (!theirs.settled.empty()) say("-> settled " + text(theirs.settled));
  if (!theirs.extended.empty()) say("-> extended " + extended(theirs));
  expect("settled", text(ours.settled), text(theirs.settled));
  expect("extended", extended(ours), extended(theirs));
  if (x.claim.empty()) return;
  compare_leased(ours, theirs, answer);
  say("next_due " + text(theirs.next_due));
  // At its limit a store need not look whether more is there. Elsewhere it may name a time at which nothing
  // comes but what that hangs on; never a later one than something comes at.
  if (theirs.leased.size() == x.limit && theirs.next_due == Millis(0)) return;
  const bool early = theirs.next_due && now().boot + *theirs.next_due >= answer.soonest &&
                     theirs.next_due <= ours.next_due.value_or(Millis::max());
  if (!early) expect("next_due", text(ours.next_due), text(theirs.next_due));
}

void Player::compare_leased(const Exchanged& ours, const Exchanged& theirs, const Answer& answer) {
  const auto leased = [](const Exchanged& e) {  // the order counts within a queue only
    std::map<std::string, std::string> by_queue;
    for (const Leased& l : e.leased) by_queue[l.queue] += "\n        " + text(l);
    std::string out;
    for (const auto& [queue, lines] : by_queue) out += lines;
    return out.empty() ? std::string("nothing") : out;
  };
  say("-> leased " + leased(theirs));
  expect(answer.objection.empty() ? "leased" : "leased: " + answer.objection, leased(ours), leased(theirs));
  std::map<std::pair<std::string, TaskId>, Epoch> epochs;
  for (const Leased& l : ours.leased) epochs[{l.queue, l.id}] = l.epoch;
  for (const Leased& l : theirs.leased)
    if (!epochs_.bind(l.queue, epochs[{l.queue, l.id}], l.epoch))
      throw Diverged("epoch " + to_string(l.epoch) + " of " + l.queue + "/" + name(l.id) +
                     ": not new, or not one for the batch");
}

// What came up, for the table of coverage.
void Player::observe(const Exchange& x, const Exchanged& e) {
  for (std::size_t i = 0; i < x.settle.size(); ++i)
    if (x.settle[i].unstarted && x.settle[i].to == State::ready && e.settled[i] <= Item::requested)
      seen("settle: tokens go back");
  for (std::size_t i = 0; i < x.extend.size(); ++i) {
    const Held& held = x.extend[i];
    if (e.extended[i].what == Item::ok) {
      seen("extend: ok");
    } else {
      seen(held.epoch == kUnknownEpoch ? "extend of no batch: lease_lost"
                                       : "extend of a batch that is gone: lease_lost");
    }
    for (const TaskId& id : e.extended[i].stop) {
      auto task = model_.get({held.queue, id});
      seen(task && task->epoch == held.epoch && task->cancel_requested ? "extend: stop, cancel wanted"
                                                                       : "extend: stop, taken away");
    }
  }
  std::map<std::string, std::uint32_t> leased;
  std::map<std::string, std::set<std::string>> keys;
  for (const Leased& l : e.leased) {
    seen(std::string("claim: ") + (l.lapsed ? "lapsed" : "ready") + (l.begun ? ", begun" : ", not begun"));
    ++leased[l.queue];
    if (!l.lapsed) keys[l.queue].insert(model_.get({l.queue, l.id})->fair);
    if (keys[l.queue].size() > 1) seen("claim: keys take turns");
  }
  for (const Share& share : x.claim)
    if (leased[std::string(share.queue)] > share.quota) seen("claim: spill");
  if (x.claim.empty()) return;
  if (e.leased.size() < x.limit) return seen(e.next_due ? "next_due: by time" : "next_due: nothing");
  if (e.next_due == Millis(0)) seen("next_due: more at once");
}

void Player::cancel(const Op& op) {
  std::vector<Key> storage;
  auto keys = resolve(op, storage);
  say("cancel");
  for (const Key& key : storage) say(key.queue + "/#" + to_string(key.id));
  std::vector<Item> expected;
  for (const TaskKey& key : keys) expected.push_back(model_.cancel(key));
  auto seen = backend().cancel(keys);
  if (!seen) throw Diverged("cancel: " + seen.error().message);
  say("-> " + text(*seen));
  expect("cancel", text(expected), text(*seen));
}

void Player::trim(const Op& op) {
  std::string queue = queue_name(op.queue);
  Retention r{.queue = queue, .state = static_cast<State>(op.state)};
  if (op.age >= 0) r.age = Millis(op.age);
  if (op.count >= 0) r.count = static_cast<std::uint64_t>(op.count);
  if (op.bytes >= 0) r.bytes = static_cast<std::uint64_t>(op.bytes);
  r.at_most = static_cast<std::uint32_t>(op.limit);
  say("trim " + queue + " " + name(r.state) + " age " + to_string(op.age) + " count " + to_string(op.count) +
      " bytes " + to_string(op.bytes) + " at_most " + to_string(op.limit));
  auto seen = backend().trim(r);
  const auto keys = everything();
  const auto after = get(keys);
  std::set<TaskId> emptied, forgotten;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto before = keys[i].queue == queue ? model_.get(keys[i]) : std::nullopt;
    if (!before) continue;
    if (!after[i]) forgotten.insert(keys[i].id);
    if (!before->tombstone && (!after[i] || after[i]->tombstone)) emptied.insert(keys[i].id);
  }
  auto expected = model_.trim(r, emptied, forgotten);
  if (!expected) this->seen("trim of a state that is no end: invalid");
  if (!both("trim", expected, seen)) return;
  if (*expected == r.at_most) this->seen("trim: at_most");
  say("-> " + to_string(*seen));
  expect("trim", to_string(*expected), to_string(*seen));
}

void Player::put(const Op& op) {
  auto* registry = query<Registry>(backend());
  if (!registry) return;
  say("put");
  Document d = document(op), theirs = d;
  const auto& known = revisions_[d.name];
  theirs.revision = d.revision == 0 ? 0 : d.revision <= known.size() ? known[d.revision - 1] : UINT32_MAX;
  auto expected = model_.put(d);
  auto seen = registry->put(theirs);
  this->seen(std::string(known.empty() ? "put on nothing: " : "put on a document: ") + (expected ? "ok" : "conflict"));
  if (!both("put", expected, seen)) return say("-> conflict");
  say("-> revision " + to_string(*seen));
  revisions_[d.name].push_back(*seen);
}

void Player::list(const Op& op) {
  auto* browser = query<Browser>(backend());
  if (!browser) return;
  std::string queue = queue_name(op.queue), cursor, next;
  Filter f{.queue = queue, .state = static_cast<State>(op.state)};
  if (op.count >= 0) f.kind = of(kKinds, op.count);
  if (op.age >= 0) f.from = now().wall + Millis(op.time), f.to = f.from + Millis(op.age);
  f.at_most = static_cast<std::uint32_t>(std::max(op.limit, 1));
  say("list " + queue + " " + name(f.state) + " kind " + in_quotes(f.kind) + " at most " + to_string(f.at_most));
  if (op.age >= 0) say("from now " + to_string(op.time) + "ms, for " + to_string(op.age) + "ms");
  std::vector<std::pair<TaskId, Record>> expected;
  for (const auto& [arrival, row] : model_.list(f)) expected.push_back(row);
  this->seen(expected.empty() ? "list: empty" : expected.size() > f.at_most ? "list: pages" : "list: a page");
  std::vector<std::pair<TaskId, Record>> seen;
  do {
    auto page = browser->list(f, next);
    if (!page) throw Diverged("list: " + page.error().message);
    if (page->size() > f.at_most) throw Diverged("list: a page of more than at_most");
    if (page->empty() && !next.empty()) throw Diverged("list: an empty page that is not the last");
    seen.insert(seen.end(), page->begin(), page->end());
    f.cursor = cursor = next;
  } while (!next.empty());
  const auto text_of = [](const std::vector<std::pair<TaskId, Record>>& rows) {
    std::string out;
    for (const auto& [id, r] : rows) out += name(id) + " ";
    return out;
  };
  say("-> " + text_of(seen));
  expect("list", text_of(expected), text_of(seen));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const std::string what = "list: " + name(seen[i].first);
    if (!same(expected[i].second, seen[i].second)) expect(what, text(expected[i].second), text(seen[i].second) + " ");
    if (!epochs_.bind(queue, expected[i].second.epoch, seen[i].second.epoch)) throw Diverged(what + ": epoch");
  }
}

void Player::move(const Op& op) {
  auto* browser = query<Browser>(backend());
  if (!browser) return;
  std::vector<Key> storage;
  auto keys = resolve(op, storage);
  auto from = static_cast<State>(op.state), to = static_cast<State>(op.to);
  say(std::string("move ") + name(from) + " to " + name(to) + " delay " + to_string(op.time) + "ms");
  for (const Key& key : storage) say(key.queue + "/#" + to_string(key.id));
  Millis delay(std::max(op.time, 0));
  std::vector<Item> expected;
  for (const TaskKey& key : keys) expected.push_back(model_.move(key, from, to, delay));
  auto seen = browser->move(keys, from, to, delay);
  // A pair that is no move may be refused as a whole.
  constexpr std::pair<State, State> kMoves[] = {{State::dead, State::ready},
                                                {State::cancelled, State::ready},
                                                {State::scheduled, State::ready},
                                                {State::leased, State::cancelled}};
  const bool refused = std::find(std::begin(kMoves), std::end(kMoves), std::pair(from, to)) == std::end(kMoves);
  if (!seen && seen.error().code == Errc::invalid && refused) return say("-> invalid");
  if (!seen) throw Diverged("move: " + seen.error().message);
  say("-> " + text(*seen));
  if (!(refused && seen->size() == expected.size())) expect("move", text(expected), text(*seen));
}

void Player::limit(const Op& op) {
  auto* gates = query<Gates>(backend());
  if (!gates) return;
  const std::string queue = op.queue == kOther ? "*" : queue_name(op.queue);
  const std::string_view gate = op.gate == kOther ? octets(kMaxKey + 1) : of(kGateTable, op.gate);
  Limit l{op.running, static_cast<double>(op.rate), static_cast<std::uint32_t>(op.burst)};
  if (op.rate == kNoNumber) l.per_second = std::nan("");
  const Layer layer = op.by_operator ? Layer::operator_ : Layer::declared;
  say("limit " + queue + " " + in_quotes(gate) + (op.by_operator ? " by operator" : "") +
      (op.clear ? " taken away" : ": " + text(l)));
  auto expected = model_.limit(queue, std::string(gate), layer, op.clear ? nullptr : &l);
  seen(expected ? "limit: ok" : "limit: invalid");
  both("limit", expected, gates->limit(queue, gate, layer, op.clear ? nullptr : &l));
}

void Player::hold(const Op& op) {
  auto* gates = query<Gates>(backend());
  if (!gates) return;
  const std::string queue = op.queue == kOther ? "*" : queue_name(op.queue);
  const std::string_view gate = op.gate == kOther ? octets(kMaxKey + 1) : of(kGateTable, op.gate);
  const Millis at_most = op.time == kForever ? kHoldForever : Millis(op.time);
  say("hold " + queue + " " + in_quotes(gate) + " for " + to_string(op.time) + "ms");
  auto expected = model_.hold(queue, std::string(gate), at_most);
  seen(expected ? "hold: ok" : "hold: invalid");
  both("hold", expected, gates->hold(queue, gate, at_most));
}

}  // namespace penstock::model
