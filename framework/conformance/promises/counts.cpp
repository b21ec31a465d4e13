// Counting tasks by state: the sums must agree with the records after whatever was done.
#include <algorithm>
#include <map>

#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

void stand_at(Lab& lab, const std::map<State, std::uint64_t>& expected, std::uint64_t bytes, std::string_view after,
              Here here = Here::now()) {
  const Counts c = lab.counts("q", here);
  for (std::size_t i = 0; i < kStates; ++i) {
    const auto state = static_cast<State>(i);
    const auto found = expected.find(state);
    same(c.by_state[i], found == expected.end() ? 0 : found->second,
         "the count of " + text(state) + " tasks after " + std::string(after), here);
  }
  same(c.bytes_ended, bytes, "bytes_ended after " + std::string(after), here);
}

// One drawn step of some holder or producer on queue q.
void step(Lab& lab, std::vector<TaskKey>& known, std::vector<Leased>& held) {
  switch (lab.random().below(8)) {
    case 0:
    case 1: {
      NewTask t = lab.task();
      if (lab.random().below(3) == 0) t.delay = lab.ticks(1 + static_cast<int>(lab.random().below(4)));
      known.push_back(lab.put(t));
      break;
    }
    case 2:
    case 3:
      for (Leased& t : lab.claim(2, "q", lab.ticks(3))) held.push_back(t);
      break;
    case 4:
    case 5:
      if (!held.empty()) {
        const Leased t = held[lab.random().below(held.size())];
        constexpr State kTo[] = {State::leased, State::ready, State::succeeded, State::dead, State::cancelled};
        Settlement s = lab.say(t, kTo[lab.random().below(5)]);
        s.keep = kKeepForever;
        s.delay = s.to == State::ready ? lab.ticks(static_cast<int>(lab.random().below(3))) : Millis(0);
        lab.settle(s);
      }
      break;
    case 6:
      if (!known.empty()) lab.cancel(known[lab.random().below(known.size())]);
      break;
    default:
      lab.pass(1);
  }
}

constexpr Promise kCountsPromises[] = {
    {"counts.empty_store", "A store that never held a task counts none.", 0, nullptr,
     [](Lab& lab) {
       lab.claim(5);
       lab.cancel({"q", lab.id()});
       for (const Counts& c : must(lab.store().counts(), "counts"))
         for (std::uint64_t n : c.by_state) same(n, 0u, "a count of queue " + text(c.queue));
     }},

    {"counts.one_entry_per_queue_by_name",
     "Each queue that holds or held tasks has one entry, and they are sorted by name.", 0, nullptr,
     [](Lab& lab) {
       std::vector<std::string> names = {"b", "a", "Z", "10", "9", "a.b", "a-b"};
       for (const std::string& name : names) lab.ended(State::succeeded, {}, name), lab.put(name);
       std::sort(names.begin(), names.end());
       std::vector<std::string> seen;
       for (const Counts& c : must(lab.store().counts(), "counts")) seen.push_back(c.queue);
       same(seen, names, "the queues");
     }},

    {"counts.a_queue_that_held_tasks_stays", "A queue whose tasks have all ended is still listed.", 0, nullptr,
     [](Lab& lab) {
       lab.ended(State::succeeded, {}, "done");
       const auto all = must(lab.store().counts(), "counts");
       same(all.size(), 1u, "the number of queues");
       same(all[0].queue, "done", "the queue");
     }},

    {"counts.follow_each_change", "The counts move with each enqueue, claim, settlement, cancel and trim.", 0, nullptr,
     [](Lab& lab) {
       NewTask later = lab.task();
       later.delay = lab.ticks(50);
       lab.put(3), lab.put(later);
       stand_at(lab, {{State::ready, 3}, {State::scheduled, 1}}, 0, "the enqueues");
       const auto t = lab.claim(2);
       stand_at(lab, {{State::ready, 1}, {State::scheduled, 1}, {State::leased, 2}}, 0, "a claim");
       same(lab.settle(t[0], State::leased), Item::ok, "a mark");
       stand_at(lab, {{State::ready, 1}, {State::scheduled, 1}, {State::leased, 2}}, 0, "a mark");
       same(lab.settle(t[0], State::ready), Item::ok, "a retry");
       stand_at(lab, {{State::ready, 2}, {State::scheduled, 1}, {State::leased, 1}}, 0, "a retry");
       lab.finish(t[1], State::dead, kKeepForever, "12");
       stand_at(lab, {{State::ready, 2}, {State::scheduled, 1}, {State::dead, 1}}, 6, "an end");
       same(lab.cancel(later.key), Item::ok, "a cancel");
       stand_at(lab, {{State::ready, 2}, {State::dead, 1}, {State::cancelled, 1}}, 10, "a cancel");
       same(lab.trim({.queue = "q", .state = State::dead, .count = 0}), 1u, "records trimmed");
       stand_at(lab, {{State::ready, 2}, {State::cancelled, 1}}, 4, "a trim");
     }},

    {"counts.tombstones_do_not_count", "Of the ended tasks only those whose content is kept count.", 0, nullptr,
     [](Lab& lab) {
       lab.ended(State::succeeded), lab.ended(State::dead), lab.ended(State::cancelled);
       stand_at(lab, {}, 0, "ends without a keep");
       lab.ended(State::succeeded, kKeepForever);
       stand_at(lab, {{State::succeeded, 1}}, 4, "an end with a keep");
     }},

    {"counts.due_tasks_are_scheduled_until_promoted",
     "A task that is due counts as scheduled until an exchange promotes it.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.delay = lab.ticks(1);
       lab.put(t);
       lab.pass(3);
       stand_at(lab, {{State::scheduled, 1}}, 0, "the due date");
       lab.claim_one();
       stand_at(lab, {{State::leased, 1}}, 0, "a claim");
     }},

    {"counts.lapsed_tasks_are_leased",
     "A task whose lease lapsed counts as leased, once, before and after it is taken.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       lab.claim_one("q", lab.ticks(1));
       lab.pass(3);
       stand_at(lab, {{State::leased, 1}}, 0, "a lapse");
       lab.claim_one();
       stand_at(lab, {{State::leased, 1}}, 0, "a second claim");
     }},

    {"counts.refused_items_do_not_count",
     "Repeats, conflicts, stale settlements and late cancels leave the counts as they are.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       lab.put(t);
       lab.enqueue(t);
       t.body = "another body";
       lab.enqueue(t);
       stand_at(lab, {{State::ready, 1}}, 0, "a repeat and a conflict");
       const Leased got = lab.claim_one();
       lab.finish(got, State::dead, kKeepForever);
       lab.settle(got, State::dead), lab.settle(got, State::ready), lab.cancel(key(got));
       stand_at(lab, {{State::dead, 1}}, 4, "late words");
     }},

    {"counts.bytes_ended_is_body_and_note",
     "bytes_ended sums body and note of the ended tasks that are kept, and no other.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.body = "0123456789";
       lab.put(t);
       const Leased got = lab.claim_one();
       Settlement s = lab.say(got, State::leased);
       s.note = "a longer note";
       same(lab.settle(s), Item::ok, "a mark with a note");
       same(lab.counts().bytes_ended, 0u, "bytes_ended while the task runs");
       lab.finish(got, State::succeeded, kKeepForever, "abc");
       same(lab.counts().bytes_ended, 13u, "bytes_ended");
     }},

    {"counts.agree_with_the_records",
     "After any mixture of calls the counts equal a scan of all records, and no task is lost.", 0, nullptr,
     [](Lab& lab) {
       std::vector<TaskKey> known;
       std::vector<Leased> held;
       for (int i = 0; i < 300; ++i) {
         step(lab, known, held);
         if (i % 10) continue;
         std::array<std::uint64_t, kStates> scan{};
         for (const TaskKey& k : known) ++scan[static_cast<std::size_t>(lab.record(k).state)];
         const auto counted = lab.counts().by_state;
         const auto at = [](State s) { return static_cast<std::size_t>(s); };
         for (State s : {State::leased, State::succeeded, State::dead, State::cancelled})
           same(counted[at(s)], scan[at(s)], "the count of " + text(s) + " tasks at step " + text(i));
         same(counted[at(State::ready)] + counted[at(State::scheduled)],
              scan[at(State::ready)] + scan[at(State::scheduled)], "the count of waiting tasks at step " + text(i));
         std::uint64_t sum = 0;
         for (std::uint64_t n : counted) sum += n;
         same(sum, known.size(), "the sum of all counts at step " + text(i));
       }
     }},
};

}  // namespace

Promises counts() { return kCountsPromises; }

}  // namespace penstock::conformance::areas
