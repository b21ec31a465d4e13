// The table in backend.hpp: how a settlement is answered that is sent again, or too late, by the epoch
// that the task still names. None of these changes anything.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

// A task in state `now` whose epoch is still that of the lease returned.
Leased brought_to(Lab& lab, State now, Millis keep, Here here) {
  const Leased t = lab.leased("q", here);
  Settlement s = lab.say(t, now == State::scheduled ? State::ready : now);
  if (now == State::scheduled) s.delay = lab.ticks(50);
  if (ended(now)) s.keep = keep;
  s.note = "the first word", s.charge = Charge::failure;
  same(lab.settle(s, here), Item::ok, "the first settlement", here);
  same(lab.record(t, here).state, now, "the state", here);
  return t;
}

// Says `to` of a task that is in state `now`, again and again.
void answered(Lab& lab, State to, State now, Item expected, Here here = Here::now()) {
  const Millis tombstone{}, forever = kKeepForever;
  for (Millis keep : {tombstone, forever}) {
    const Leased t = brought_to(lab, now, keep, here);
    const std::string before = lab.dump(here);
    Settlement s = lab.say(t, to);
    s.charge = Charge::crash, s.note = "the second word", s.keep = kKeepForever,
    s.delay = lab.ticks(to == State::ready ? 7 : 0);
    const std::string what = "a settlement to " + text(to) + " of a task that is " + text(now);
    for (int i = 0; i < lab.harness().repeat; ++i) same(lab.settle(s, here), expected, what, here);
    lab.unchanged(before, what, here);
    if (now == State::ready) same(lab.cancel(key(t), here), Item::ok, "clearing the queue", here);
  }
}

constexpr Promise kAnswersPromises[] = {
    {"answers.same_end_again_is_ok", "An end said again by the same epoch is ok, and changes nothing.", 0, nullptr,
     [](Lab& lab) {
       for (State end : kEnds) answered(lab, end, end, Item::ok);
     }},

    {"answers.another_end_is_lease_lost",
     "An end said of a task that ended otherwise is lease_lost: the first end stands.", 0, nullptr,
     [](Lab& lab) {
       for (State to : kEnds)
         for (State now : kEnds)
           if (to != now) answered(lab, to, now, Item::lease_lost);
     }},

    {"answers.retry_again_is_ok", "A retry said again is ok while the task waits, and does not move its date.", 0,
     nullptr,
     [](Lab& lab) {
       answered(lab, State::ready, State::ready, Item::ok);
       answered(lab, State::ready, State::scheduled, Item::ok);
     }},

    {"answers.retry_after_success_is_lease_lost", "A retry of a task that succeeded is lease_lost.", 0, nullptr,
     [](Lab& lab) { answered(lab, State::ready, State::succeeded, Item::lease_lost); }},

    {"answers.retry_after_death_is_lease_lost", "A retry of a task that is dead is lease_lost.", 0, nullptr,
     [](Lab& lab) { answered(lab, State::ready, State::dead, Item::lease_lost); }},

    {"answers.retry_after_cancel_is_requested", "A retry of a task that is cancelled is answered requested.", 0,
     nullptr, [](Lab& lab) { answered(lab, State::ready, State::cancelled, Item::requested); }},

    {"answers.mark_after_retry_is_lease_lost", "A mark of a task that was given back is lease_lost.", 0, nullptr,
     [](Lab& lab) {
       answered(lab, State::leased, State::ready, Item::lease_lost);
       answered(lab, State::leased, State::scheduled, Item::lease_lost);
     }},

    {"answers.mark_after_the_end_is_lease_lost", "A mark of a task that has ended is lease_lost.", 0, nullptr,
     [](Lab& lab) {
       for (State now : kEnds) answered(lab, State::leased, now, Item::lease_lost);
     }},

    {"answers.end_after_retry_is_lease_lost", "An end of a task that was given back is lease_lost.", 0, nullptr,
     [](Lab& lab) {
       for (State to : kEnds) {
         answered(lab, to, State::ready, Item::lease_lost);
         answered(lab, to, State::scheduled, Item::lease_lost);
       }
     }},

    {"answers.stand_after_the_content_is_gone", "The answers are the same when only a tombstone is left by retention.",
     0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.ended(State::succeeded, kKeepForever);
       same(lab.trim({.queue = "q", .state = State::succeeded, .count = 0}), 1u, "records trimmed");
       same(lab.settle(t, State::succeeded), Item::ok, "the same end again");
       same(lab.settle(t, State::dead), Item::lease_lost, "another end");
       same(lab.settle(t, State::ready), Item::lease_lost, "a retry");
     }},

    {"answers.retry_of_a_task_asked_to_stop_cancels_it",
     "Giving back a task whose cancel was requested ends it as cancelled, kept, and is answered requested.", 0, nullptr,
     [](Lab& lab) {
       for (Millis delay : {Millis(0), lab.ticks(3)}) {
         const Leased t = lab.leased();
         same(lab.cancel(key(t)), Item::requested, "the cancel");
         Settlement s = lab.say(t, State::ready);
         s.delay = delay, s.note = "interrupted";
         for (int i = 0; i < lab.harness().repeat; ++i) same(lab.settle(s), Item::requested, "the retry");
         const Record r = lab.record(t);
         same(r.state, State::cancelled, "the state");
         same(r.tombstone, false, "tombstone");
         same(r.body, "body", "the body");
         same(r.note, "interrupted", "the note");
         lab.nothing_claimable("a retry of a cancelled task");
       }
     }},

    {"answers.end_of_a_task_asked_to_stop_counts",
     "A task whose cancel was requested may still end as its holder says.", 0, nullptr,
     [](Lab& lab) {
       for (State to : kEnds) {
         const Leased t = lab.leased();
         same(lab.cancel(key(t)), Item::requested, "the cancel");
         same(lab.settle(t, to), Item::ok, "an end as " + text(to));
         same(lab.record(t).state, to, "the state");
       }
     }},

    {"answers.mark_of_a_task_asked_to_stop_is_ok",
     "A mark on a task whose cancel was requested is ok, and the request stands.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(lab.cancel(key(t)), Item::requested, "the cancel");
       same(lab.settle(t, State::leased), Item::ok, "the mark");
       same(lab.record(t).cancel_requested, true, "cancel_requested");
       same(lab.settle(t, State::ready), Item::requested, "the retry");
     }},

    {"answers.cancel_after_retry_answers_by_state",
     "After a retry and a cancel, the holder's words are answered by the cancelled state.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(lab.settle(t, State::ready), Item::ok, "the retry");
       same(lab.cancel(key(t)), Item::ok, "the cancel of the waiting task");
       const std::string before = lab.dump();
       same(lab.settle(t, State::ready), Item::requested, "the retry again");
       same(lab.settle(t, State::succeeded), Item::lease_lost, "an end");
       lab.unchanged(before, "a late word");
     }},
};

}  // namespace

Promises answers() { return kAnswersPromises; }

}  // namespace penstock::conformance::areas
