// What the holder of a lease may say of its task, and what comes of it.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"
#include "conformance/promises/hostile.hpp"

namespace penstock::conformance::areas {

namespace {

void refused(Lab& lab, const Settlement& s, Item expected, const std::string& what, Here here = Here::now()) {
  const std::string before = lab.dump(here);
  for (int i = 0; i < lab.harness().repeat; ++i) same(lab.settle(s, here), expected, what, here);
  lab.unchanged(before, what, here);
}

// Tells every verdict there is of a task; all must be answered so, and change nothing.
void all_refused(Lab& lab, const Leased& t, Item expected, const std::string& what, Here here = Here::now()) {
  for (State to : {State::leased, State::ready, State::succeeded, State::dead, State::cancelled}) {
    Settlement s = lab.say(t, to);
    s.charge = Charge::failure, s.note = "from a stranger", s.keep = kKeepForever, s.delay = Millis(1);
    refused(lab, s, expected, what + " to " + text(to), here);
  }
}

constexpr Promise kSettlePromises[] = {
    {"settle.ends_the_task",
     "A task settled as succeeded, dead or cancelled has ended in that state and is never offered again.", 0, nullptr,
     [](Lab& lab) {
       for (State to : kEnds) {
         lab.put();
         const Leased t = lab.claim_one("q", lab.ticks(2));
         same(lab.settle(t, to), Item::ok, "a settlement to " + text(to));
         same(lab.record(t).state, to, "the state");
         lab.nothing_claimable("an end");
         lab.pass(3);
         lab.nothing_claimable("an end, and the end of the lease,");
       }
     }},

    {"settle.stamps_the_end", "The record tells when the task ended, by the store's wall clock.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       lab.pass(2);
       const Millis step = lab.properties().time_step;
       const Time before = lab.wall() - step;
       same(lab.settle(t, State::dead), Item::ok, "the settlement");
       const Time after = lab.wall() + step, at = lab.record(t).ended;
       holds(at >= before && at <= after,
             "an end between " + text(before) + " and " + text(after) + ", not " + text(at));
     }},

    {"settle.keep_keeps_body_and_note", "An end with a `keep` leaves kind, body, note and charges readable.", 0,
     nullptr,
     [](Lab& lab) {
       for (State to : kEnds) {
         const Leased t = lab.leased();
         Settlement s = lab.say(t, to);
         s.keep = kKeepForever, s.note = "the result", s.charge = Charge::failure;
         same(lab.settle(s), Item::ok, "the settlement");
         const Record r = lab.record(t);
         same(r.tombstone, false, "tombstone");
         same(r.kind, "kind", "the kind");
         same(r.body, "body", "the body");
         same(r.note, "the result", "the note");
         same(r.failures, 1u, "the failures");
       }
     }},

    {"settle.no_keep_leaves_a_tombstone",
     "An end without a `keep` leaves state, epoch and time of the end, and nothing else.", 0, nullptr,
     [](Lab& lab) {
       for (State to : kEnds) {
         const Leased t = lab.leased();
         Settlement s = lab.say(t, to);
         s.note = "the result";
         same(lab.settle(s), Item::ok, "the settlement");
         const Record r = lab.record(t);
         same(r.tombstone, true, "tombstone");
         same(r.state, to, "the state");
         same(r.epoch, t.epoch, "the epoch");
         holds(r.ended != Time{}, "a time of the end");
         same(r.kind + r.body + r.note, "", "kind, body and note");
       }
     }},

    {"settle.keep_lasts_at_least_as_long", "Body and note stay readable while their `keep` has not passed.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       lab.finish(t, State::succeeded, lab.ticks(10), "the result");
       lab.pass(5);
       same(lab.trim({.queue = "q", .state = State::succeeded}), 0u, "records trimmed");
       same(lab.record(t).note, "the result", "the note");
     }},

    {"settle.retry_makes_it_ready", "A task given back without delay is ready at once and can be claimed.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(lab.settle(t, State::ready), Item::ok, "the settlement");
       same(lab.record(t).state, State::ready, "the state");
       const Leased again = lab.claim_one();
       same(again.id, t.id, "the task");
       holds(again.epoch > t.epoch, "a higher epoch");
     }},

    {"settle.retry_with_delay_waits", "A task given back with a delay is scheduled, and offered after the delay.", 0,
     nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       Settlement s = lab.say(t, State::ready);
       s.delay = lab.ticks(4);
       const Time before = lab.wall() - lab.properties().time_step;
       same(lab.settle(s), Item::ok, "the settlement");
       const Time after = lab.wall() + lab.properties().time_step;
       const Record r = lab.record(t);
       same(r.state, State::scheduled, "the state");
       holds(r.due >= before + s.delay && r.due <= after + s.delay, "a due date after the delay, not " + text(r.due));
       lab.pass(2);
       lab.nothing_claimable("a claim within the delay");
       lab.pass(3);
       same(lab.claim_one().lapsed, false, "lapsed");
     }},

    {"settle.retry_keeps_the_epoch_on_record",
     "A task given back keeps the epoch under which it was held, until it is claimed again.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(lab.settle(t, State::ready), Item::ok, "the settlement");
       same(lab.record(t).epoch, t.epoch, "the epoch on record");
     }},

    {"settle.mark_begins_and_keeps_the_lease",
     "A settlement to leased marks the task begun and leaves it leased under its epoch.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(lab.record(t).begun, false, "begun before the mark");
       same(lab.settle(t, State::leased), Item::ok, "the mark");
       const Record r = lab.record(t);
       same(r.state, State::leased, "the state");
       same(r.begun, true, "begun");
       same(r.epoch, t.epoch, "the epoch");
       same(lab.settle(t, State::succeeded), Item::ok, "the end after the mark");
     }},

    {"settle.mark_can_be_repeated", "A mark sent again is ok each time.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       for (int i = 0; i < lab.harness().repeat; ++i) same(lab.settle(t, State::leased), Item::ok, "a mark");
     }},

    {"settle.mark_does_not_prolong_the_lease", "A mark leaves the end of the lease where it was.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(4));
       lab.pass(2);
       same(lab.settle(t, State::leased), Item::ok, "the mark");
       lab.pass(3);
       same(lab.claim_one().lapsed, true, "lapsed");
     }},

    {"settle.note_replaces_the_last_one", "Each note replaces the one before it, in progress marks and at the end.", 0,
     nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       for (const char* note : {"10 %", "a longer note than before", "90 %"}) {
         Settlement s = lab.say(t, State::leased);
         s.note = note;
         same(lab.settle(s), Item::ok, "a progress mark");
         same(lab.record(t).note, note, "the note");
       }
       lab.finish(t, State::succeeded, kKeepForever, "done");
       same(lab.record(t).note, "done", "the note after the end");
     }},

    {"settle.empty_note_leaves_the_last_one", "An empty note leaves the record's note as it is.", 0, nullptr,
     [](Lab& lab) {
       Leased t = lab.leased();
       Settlement s = lab.say(t, State::leased);
       s.note = "kept";
       same(lab.settle(s), Item::ok, "a progress mark");
       same(lab.settle(t, State::leased), Item::ok, "a mark without note");
       same(lab.record(t).note, "kept", "the note after a mark");
       same(lab.settle(t, State::ready), Item::ok, "a retry without note");
       t = lab.claim_one();
       same(t.note, "kept", "the note handed to the next holder");
       lab.finish(t, State::dead, kKeepForever);
       same(lab.record(t).note, "kept", "the note after the end");
     }},

    {"settle.lapsed_but_held_is_accepted",
     "A settlement counts although the lease has lapsed, as long as nobody has taken the task.", 0, nullptr,
     [](Lab& lab) {
       for (State to : {State::leased, State::ready, State::succeeded, State::dead, State::cancelled}) {
         lab.put();
         const Leased t = lab.claim_one("q", lab.ticks(1));
         lab.pass(3);
         same(lab.settle(t, to), Item::ok, "a late settlement to " + text(to));
         same(lab.record(t).state, to, "the state");
         if (to == State::leased || to == State::ready) lab.finish(lab.claim_one(), State::succeeded, Millis(0));
       }
     }},

    {"settle.stale_epoch_changes_nothing",
     "A settlement by a holder whose task was taken is lease_lost, whatever it says, and changes nothing.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased first = lab.claim_one("q", lab.ticks(1));
       lab.pass(3);
       const Leased second = lab.claim_one();
       all_refused(lab, first, Item::lease_lost, "a stale settlement");
       same(lab.settle(second, State::succeeded), Item::ok, "the settlement of the true holder");
       all_refused(lab, first, Item::lease_lost, "a stale settlement after the end");
     }},

    {"settle.stale_epoch_after_a_retry_changes_nothing",
     "The holder before a retry has no say once the task is claimed again.", 0, nullptr,
     [](Lab& lab) {
       const Leased first = lab.leased();
       same(lab.settle(first, State::ready), Item::ok, "the retry");
       const Leased second = lab.claim_one();
       all_refused(lab, first, Item::lease_lost, "a stale settlement");
       same(lab.settle(second, State::ready), Item::ok, "the second retry");
       all_refused(lab, first, Item::lease_lost, "a stale settlement of a waiting task");
     }},

    {"settle.unknown_epochs_are_lease_lost", "An epoch that nobody was given holds nothing.", 0, nullptr,
     [](Lab& lab) {
       Leased t = lab.leased();
       const Epoch held = t.epoch;
       for (Epoch guess : {Epoch{0}, held - 1, held + 1, held + 1'000'000, UINT64_MAX, std::uint64_t{INT64_MAX}}) {
         t.epoch = guess;
         all_refused(lab, t, Item::lease_lost, "a settlement under epoch " + text(guess));
       }
     }},

    {"settle.needs_a_lease", "A task that was never leased cannot be ended or marked.", 0, nullptr,
     [](Lab& lab) {
       NewTask later = lab.task();
       later.delay = lab.ticks(20);
       for (const TaskKey& k : {lab.put(), lab.put(later)}) {
         for (State to : {State::leased, State::succeeded, State::dead, State::cancelled}) {
           for (Epoch epoch : {Epoch{0}, Epoch{1}}) {
             Settlement s;
             s.key = k, s.to = to, s.epoch = epoch;
             refused(lab, s, Item::lease_lost, "a settlement to " + text(to) + " without a lease");
           }
         }
       }
     }},

    {"settle.unknown_id_is_not_found", "A settlement of an id that was never enqueued is not_found.", 0, nullptr,
     [](Lab& lab) {
       Leased t = lab.leased();
       t.id = lab.id();
       all_refused(lab, t, Item::not_found, "a settlement of an unknown id");
     }},

    {"settle.other_queue_is_not_found", "The right id and epoch under another queue's name find nothing.", 0, nullptr,
     [](Lab& lab) {
       Leased t = lab.leased("a");
       lab.leased("b");
       for (const char* queue : {"b", "never-heard-of"}) {
         t.queue = queue;
         all_refused(lab, t, Item::not_found, "a settlement in queue " + text(queue));
       }
     }},

    {"settle.bad_queue_names_are_invalid",
     "A settlement that names a queue outside the rule of names is invalid and changes nothing.", 0, nullptr,
     [](Lab& lab) {
       Leased t = lab.leased();
       const std::string before = lab.dump();
       for (const std::string& name : hostile_names()) {
         t.queue = name;
         same(lab.settle(t, State::succeeded), Item::invalid, "a settlement in queue " + text(name));
       }
       lab.unchanged(before, "an invalid settlement");
     }},

    {"settle.only_five_verdicts_are_valid",
     "A settlement to held, scheduled or a state that does not exist is invalid and changes nothing.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       for (int to : {static_cast<int>(State::held), static_cast<int>(State::scheduled), 7, 8, 255})
         refused(lab, lab.say(t, static_cast<State>(to)), Item::invalid, "a settlement to state " + text(to));
       same(lab.settle(t, State::succeeded), Item::ok, "a valid settlement");
     }},

    {"settle.negative_times_are_invalid", "A settlement with a negative delay or keep is invalid and changes nothing.",
     0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       for (const State to : {State::leased, State::ready, State::succeeded, State::dead, State::cancelled}) {
         Settlement delayed = lab.say(t, to), kept = lab.say(t, to);
         delayed.delay = kept.keep = Millis(-1);
         refused(lab, delayed, Item::invalid, "a settlement to " + text(to) + " with a negative delay");
         refused(lab, kept, Item::invalid, "a settlement to " + text(to) + " with a negative keep");
       }
       same(lab.settle(t, State::succeeded), Item::ok, "a valid settlement");
     }},

    {"settle.each_item_has_its_own_answer",
     "In a batch of settlements each is answered for itself, in order, and none keeps the others out.", 0, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 6, "a max_batch of at least 6");
       lab.put(4);
       const auto t = lab.claim(4);
       std::vector<Settlement> says = {lab.say(t[0], State::succeeded), lab.say(t[1], State::ready),
                                       lab.say(t[2], State::dead),      lab.say(t[3], State::held),
                                       lab.say(t[3], State::dead),      lab.say(t[3], State::dead)};
       says[2].epoch += 1;
       says[5].key.id = lab.id();
       Exchange e;
       e.settle = says, e.lease = kLong;
       same(lab.exchange(e).settled, {Item::ok, Item::ok, Item::lease_lost, Item::invalid, Item::ok, Item::not_found},
            "the answers");
       same(lab.record(t[0]).state, State::succeeded, "the state of task 0");
       same(lab.record(t[1]).state, State::ready, "the state of task 1");
       same(lab.record(t[2]).state, State::leased, "the state of task 2");
       same(lab.record(t[3]).state, State::dead, "the state of task 3");
     }},

    {"settle.items_see_earlier_items",
     "Of two settlements of one task in one batch, the first counts and the second is answered after it.", 0, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 6, "a max_batch of at least 6");
       lab.put(3);
       const auto t = lab.claim(3);
       const std::vector<Settlement> says = {lab.say(t[0], State::succeeded), lab.say(t[0], State::succeeded),
                                             lab.say(t[1], State::ready),     lab.say(t[1], State::dead),
                                             lab.say(t[2], State::leased),    lab.say(t[2], State::dead)};
       Exchange e;
       e.settle = says, e.lease = kLong;
       same(lab.exchange(e).settled, {Item::ok, Item::ok, Item::ok, Item::lease_lost, Item::ok, Item::ok},
            "the answers");
       same(lab.record(t[1]).state, State::ready, "the state of the task given back");
       same(lab.record(t[2]).state, State::dead, "the state of the task marked, then ended");
     }},

    {"settle.one_batch_over_several_queues", "Settlements of several queues can go in one exchange.", 0, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 3, "a max_batch of at least 3");
       const Leased a = lab.leased("a"), b = lab.leased("b"), c = lab.leased("c");
       const std::vector<Settlement> says = {lab.say(a, State::succeeded), lab.say(b, State::dead),
                                             lab.say(c, State::ready)};
       Exchange e;
       e.settle = says, e.lease = kLong;
       same(lab.exchange(e).settled, {Item::ok, Item::ok, Item::ok}, "the answers");
       same(lab.count(State::succeeded, "a") + lab.count(State::succeeded, "b"), 0u,
            "kept records: none was asked for");
       same(lab.record(b).state, State::dead, "the state in queue b");
       same(lab.record(c).state, State::ready, "the state in queue c");
     }},

    {"settle.leaves_its_neighbours_alone", "Settling one task of a batch leaves the others leased under their epoch.",
     0, nullptr,
     [](Lab& lab) {
       lab.put(3);
       const auto t = lab.claim(3);
       same(lab.settle(t[1], State::dead), Item::ok, "the settlement");
       for (std::size_t i : {0, 2}) {
         same(lab.record(t[i]).state, State::leased, "the state of a neighbour");
         same(lab.settle(t[i], State::succeeded), Item::ok, "the settlement of a neighbour");
       }
     }},
};

}  // namespace

Promises settle() { return kSettlePromises; }

}  // namespace penstock::conformance::areas
