#include "torture/ledger.hpp"

#include <algorithm>
#include <sstream>

namespace penstock::torture {
namespace {

// The answer to a settlement and its effect, by the table of backend.hpp.
Item settle(Facts& facts, const Say& say) {
  const auto found = facts.find(say.task);
  if (found == facts.end()) return Item::not_found;
  Fact& f = found->second;
  if (f.epoch != say.epoch || say.epoch == 0) return Item::lease_lost;
  if (f.state != State::leased) {
    if (say.to == State::ready && f.state == State::cancelled) return Item::requested;
    return say.to != State::leased && say.to == f.state ? Item::ok : Item::lease_lost;
  }
  const bool counts = say.to != State::leased || !f.begun;
  f.state = say.to;
  f.begun = say.to == State::leased;
  if (counts && say.charge == Charge::failure) f.failures += 1;
  if (counts && say.charge == Charge::crash) f.crashes += 1;
  if (!say.note.empty()) f.note = say.note;
  if (ended(say.to) && say.keep == Millis{}) f = {.state = say.to, .epoch = say.epoch, .tombstone = true, .note = {}};
  return Item::ok;
}

std::uint64_t trim(Facts& facts, std::size_t queue, State state) {
  std::uint64_t trimmed = 0;
  for (auto& [task, f] : facts) {
    if (queue_of(task) != queue || f.state != state || f.tombstone) continue;
    f = {.state = state, .epoch = f.epoch, .tombstone = true, .note = {}};
    ++trimmed;
  }
  return trimmed;
}

void put_tasks(std::ostream& out, const char* title, const Fact* f) {
  out << title;
  if (!f) {
    out << "nothing";
  } else {
    out << "state " << static_cast<int>(f->state) << " epoch " << f->epoch << " failures " << f->failures << " crashes "
        << f->crashes << (f->tombstone ? " tombstone" : "") << " note '" << f->note << "'";
  }
}

Fact fact(const Record& r) {
  Fact f{.state = ended(r.state) || r.state == State::leased ? r.state : State::ready,
         .epoch = r.epoch,
         .begun = r.begun,
         .tombstone = r.tombstone,
         .note = {}};
  if (!r.tombstone) f.failures = r.failures, f.crashes = r.crashes, f.note = r.note;
  return f;
}

}  // namespace

Result<Answer> perform(DurableBackend& store, const Call& call) {
  Answer answer;
  switch (call.kind) {
    case Call::Kind::enqueue: {
      std::vector<std::string> bodies;
      std::vector<NewTask> tasks;
      for (const int t : call.tasks) bodies.push_back(body_of(t));
      for (std::size_t i = 0; i < bodies.size(); ++i) {
        NewTask task{.key = key_of(call.tasks[i]), .body = bodies[i], .kind = "work"};
        task.priority = call.tasks[i] % 5;
        task.delay = call.delay;
        tasks.push_back(task);
      }
      auto admissions = store.enqueue(tasks, nullptr);
      if (!admissions) return admissions.error();
      for (const Admission& a : *admissions) answer.items.push_back(a.what);
      return answer;
    }
    case Call::Kind::exchange: {
      std::vector<Settlement> settle;
      std::vector<Held> extend;
      std::vector<Share> claim;
      for (const Say& s : call.says) {
        Settlement out{.key = key_of(s.task), .epoch = s.epoch, .to = s.to, .charge = s.charge};
        out.delay = s.delay, out.keep = s.keep, out.note = s.note;
        settle.push_back(out);
      }
      for (const auto& [queue, epoch] : call.extend) extend.push_back({kQueues[queue], epoch});
      if (call.limit > 0) {
        for (const std::string_view q : kQueues) claim.push_back({q, 1});
      }
      Exchange x{
          .settle = settle, .extend = extend, .claim = claim, .limit = call.limit, .begin = 1, .worker = "torture"};
      x.lease = Millis(5000);
      auto exchanged = store.exchange(x);
      if (!exchanged) return exchanged.error();
      answer.items = std::move(exchanged->settled);
      answer.leased = std::move(exchanged->leased);
      return answer;
    }
    case Call::Kind::cancel: {
      std::vector<TaskKey> keys;
      for (const int t : call.tasks) keys.push_back(key_of(t));
      auto items = store.cancel(keys);
      if (!items) return items.error();
      answer.items = *std::move(items);
      return answer;
    }
    case Call::Kind::trim:
      break;
  }
  auto trimmed = store.trim({.queue = kQueues[call.queue], .state = call.state, .age = Millis{}});
  if (!trimmed) return trimmed.error();
  answer.trimmed = *trimmed;
  return answer;
}

Answer foresee(Facts& facts, const Call& call) {
  Answer answer;
  switch (call.kind) {
    case Call::Kind::enqueue:
      for (const int t : call.tasks) answer.items.push_back(facts.try_emplace(t).second ? Item::ok : Item::exists);
      break;
    case Call::Kind::exchange:
      for (const Say& s : call.says) answer.items.push_back(settle(facts, s));
      break;
    case Call::Kind::cancel:
      for (const int t : call.tasks) {
        const auto f = facts.find(t);
        const bool waits = f != facts.end() && f->second.state == State::ready;
        if (waits) f->second.state = State::cancelled;
        answer.items.push_back(waits ? Item::ok : f == facts.end() ? Item::not_found : Item::finished);
      }
      break;
    case Call::Kind::trim:
      answer.trimmed = trim(facts, call.queue, call.state);
      break;
  }
  return answer;
}

Call invent(std::mt19937_64& random, const Facts& facts, int& next) {
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const auto roll = below(100);
  Call call;
  if (facts.empty() || roll < 35) {
    for (auto n = 1 + below(5); n > 0; --n) call.tasks.push_back(next++);
    if (below(3) == 0) call.delay = Millis(below(4000));
    return call;
  }
  if (roll < 40) {
    call.kind = Call::Kind::trim;
    call.queue = below(kQueues.size());
    call.state = static_cast<State>(static_cast<int>(State::succeeded) + static_cast<int>(below(3)));
    return call;
  }
  call.kind = roll < 48 ? Call::Kind::cancel : Call::Kind::exchange;
  static constexpr State kTo[] = {State::succeeded, State::succeeded, State::dead,
                                  State::cancelled, State::ready,     State::leased};
  for (const auto& [task, f] : facts) {
    const auto luck = below(facts.size() + 1);
    if (call.kind == Call::Kind::cancel) {
      if (f.state != State::leased && luck < 3) call.tasks.push_back(task);
    } else if (f.epoch > 0 && (f.state == State::leased ? below(2) == 0 : luck < 2) && call.says.size() < 20) {
      Say say{.task = task, .epoch = f.epoch - (below(12) == 0), .note = {}};
      say.to = kTo[below(6)];
      say.charge = static_cast<Charge>(below(3));
      if (say.to == State::ready) say.delay = Millis(below(2) * 1500);
      if (ended(say.to) && below(3) > 0) say.keep = kKeepForever;
      if (below(2) == 0) say.note = "note " + std::to_string(below(1000));
      call.says.push_back(std::move(say));
    } else if (f.state == State::leased && luck < 2) {
      call.extend.emplace_back(queue_of(task), f.epoch);
    }
  }
  if (call.kind == Call::Kind::exchange) call.limit = static_cast<std::uint32_t>(below(7));
  return call;
}

Result<Facts> read(DurableBackend& store, int last) {
  Facts facts;
  for (int from = 1; from <= last; from += 256) {
    std::vector<TaskKey> keys;
    for (int t = from; t <= last && t < from + 256; ++t) keys.push_back(key_of(t));
    auto records = store.get(keys);
    if (!records) return records.error();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto& record = (*records)[i];
      if (!record) continue;
      const int task = from + static_cast<int>(i);
      if (!record->tombstone && (record->body != body_of(task) || record->kind != "work"))
        throw Violation(Harm::corrupt, "task " + std::to_string(task) + " has another body or kind");
      facts[task] = fact(*record);
    }
  }
  return facts;
}

void Ledger::acknowledge(const Call& call, const Answer& answer) {
  const Answer expected = foresee(facts_, call);
  if (answer.items != expected.items || answer.trimmed != expected.trimmed) {
    std::ostringstream out;
    out << "the answer to a call of kind " << static_cast<int>(call.kind) << " is wrong:";
    for (std::size_t i = 0; i < answer.items.size() && i < expected.items.size(); ++i)
      out << " " << static_cast<int>(answer.items[i]) << "(" << static_cast<int>(expected.items[i]) << ")";
    out << "; trimmed " << answer.trimmed << " (" << expected.trimmed << ")";
    throw Violation(Harm::duplicate, out.str());
  }
  for (const Leased& l : answer.leased) {
    const int task = number_of(l.id);
    const auto f = facts_.find(task);
    if (f == facts_.end() || f->second.state != (l.lapsed ? State::leased : State::ready))
      throw Violation(Harm::duplicate, "task " + std::to_string(task) + " was handed out, but it does not wait");
    if (l.body != body_of(task))
      throw Violation(Harm::corrupt, "task " + std::to_string(task) + " was handed out with another body");
    if (l.epoch <= highest_[queue_of(task)])
      throw Violation(Harm::duplicate, "epoch " + std::to_string(l.epoch) + " was used before");
    f->second.state = State::leased;
    f->second.epoch = l.epoch;
    f->second.begun = l.begun && !l.lapsed;
  }
  for (const Leased& l : answer.leased) {
    Epoch& highest = highest_[queue_of(number_of(l.id))];
    highest = std::max(highest, l.epoch);
  }
}

bool Ledger::allows(const Facts& before, const Facts& read, const std::array<Epoch, kQueues.size()>& highest,
                    const Call* flying) {
  Facts expected = before;
  if (flying) {
    foresee(expected, *flying);
    for (const auto& [task, f] : read) {  // it may have claimed anything that waited, or had lapsed
      const auto e = expected.find(task);
      const bool claimed = f.state == State::leased && f.epoch > highest[queue_of(task)] && flying->limit > 0;
      if (claimed && e != expected.end() && !ended(e->second.state))
        e->second.state = f.state, e->second.epoch = f.epoch, e->second.begun = f.begun;
    }
  }
  return expected == read;
}

void Ledger::accept(Facts read, bool forget_epochs) {
  facts_ = std::move(read);
  if (forget_epochs) highest_ = {};
  for (const auto& [task, f] : facts_) {
    Epoch& highest = highest_[queue_of(task)];
    highest = std::max(highest, f.epoch);
  }
}

std::string difference(const Facts& expected, const Facts& found) {
  std::ostringstream out;
  Facts all = expected;
  all.insert(found.begin(), found.end());
  for (const auto& [task, ignored] : all) {
    const auto e = expected.find(task), f = found.find(task);
    if (e != expected.end() && f != found.end() && e->second == f->second) continue;
    out << "task " << task;
    put_tasks(out, ": expected ", e == expected.end() ? nullptr : &e->second);
    put_tasks(out, ", found ", f == found.end() ? nullptr : &f->second);
    return out.str();
  }
  return "no difference";
}

void check_counts(DurableBackend& store, const Facts& facts) {
  struct Sum {
    std::uint64_t waiting = 0, bytes = 0;
    std::array<std::uint64_t, kStates> by_state{};
    bool operator==(const Sum&) const = default;
  };
  std::map<std::string, Sum> expected, found;
  for (const auto& [task, f] : facts) {
    Sum& sum = expected[std::string(kQueues[queue_of(task)])];
    if (f.tombstone) continue;
    if (f.state == State::ready) {
      ++sum.waiting;
      continue;
    }
    ++sum.by_state[static_cast<std::size_t>(f.state)];
    if (ended(f.state)) sum.bytes += body_of(task).size() + f.note.size();
  }
  auto counts = store.counts();
  if (!counts) throw Violation(Harm::stuck, "counts: " + counts.error().message);
  for (const Counts& c : *counts) {
    Sum& sum = found[c.queue];
    sum.by_state = c.by_state;
    for (const State s : {State::held, State::scheduled, State::ready}) {
      sum.waiting += sum.by_state[static_cast<std::size_t>(s)];
      sum.by_state[static_cast<std::size_t>(s)] = 0;
    }
    sum.bytes = c.bytes_ended;
  }
  for (const std::string_view q : kQueues) {
    if (expected[std::string(q)] == found[std::string(q)]) continue;
    const Sum &e = expected[std::string(q)], &f = found[std::string(q)];
    std::ostringstream out;
    out << "counters of " << q << " differ from its tasks: waiting " << f.waiting << " (" << e.waiting << ")";
    for (std::size_t s = 3; s < kStates; ++s)
      out << ", state " << s << " " << f.by_state[s] << " (" << e.by_state[s] << ")";
    out << ", bytes " << f.bytes << " (" << e.bytes << ")";
    throw Violation(Harm::corrupt, out.str());
  }
}

}  // namespace penstock::torture
