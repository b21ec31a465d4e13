// Cancelling: a waiting task ends at once, a running one is asked to stop.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"
#include "conformance/promises/hostile.hpp"

namespace penstock::conformance::areas {

namespace {

constexpr Promise kCancelPromises[] = {
    {"cancel.ready_task_ends", "Cancelling a ready task is ok: it has ended as cancelled and is never offered.", 0,
     nullptr,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       same(lab.cancel(k), Item::ok, "the cancel");
       same(lab.record(k).state, State::cancelled, "the state");
       lab.nothing_claimable("a cancel");
     }},

    {"cancel.scheduled_task_ends", "Cancelling a scheduled task is ok: it is not offered when its date comes.", 0,
     nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.delay = lab.ticks(2);
       lab.put(t);
       same(lab.cancel(t.key), Item::ok, "the cancel");
       same(lab.record(t.key).state, State::cancelled, "the state");
       lab.pass(4);
       lab.nothing_claimable("a cancel");
     }},

    {"cancel.due_task_ends", "Cancelling a scheduled task whose date has come is ok, before any claim has promoted it.",
     0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.delay = lab.ticks(1);
       lab.put(t);
       lab.pass(3);
       same(lab.cancel(t.key), Item::ok, "the cancel");
       lab.nothing_claimable("a cancel");
     }},

    {"cancel.waiting_retry_ends", "Cancelling a task that waits for its retry is ok, and keeps its charges and note.",
     0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       Settlement s = lab.say(t, State::ready);
       s.delay = lab.ticks(5), s.charge = Charge::failure, s.note = "why";
       same(lab.settle(s), Item::ok, "the retry");
       same(lab.cancel(key(t)), Item::ok, "the cancel");
       const Record r = lab.record(t);
       same(r.state, State::cancelled, "the state");
       same(r.failures, 1u, "the failures");
       same(r.note, "why", "the note");
     }},

    {"cancel.keeps_the_record",
     "The record of a cancelled task is kept: kind, body and the time of its end are readable.", 0, nullptr,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       const Time before = lab.wall() - lab.properties().time_step;
       same(lab.cancel(k), Item::ok, "the cancel");
       const Record r = lab.record(k);
       same(r.tombstone, false, "tombstone");
       same(r.kind, "kind", "the kind");
       same(r.body, "body", "the body");
       holds(r.ended >= before, "a time of the end");
     }},

    {"cancel.again_is_finished",
     "Cancelling a task again that ended by it is finished, however often, and changes nothing.", 0, nullptr,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       same(lab.cancel(k), Item::ok, "the cancel");
       const std::string before = lab.dump();
       for (int i = 0; i < lab.harness().repeat; ++i) same(lab.cancel(k), Item::finished, "the cancel again");
       lab.unchanged(before, "a cancel of a cancelled task");
     }},

    {"cancel.running_task_is_asked",
     "Cancelling a leased task is requested, however often; it keeps its state and epoch.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(lab.record(t).cancel_requested, false, "cancel_requested before");
       for (int i = 0; i < lab.harness().repeat; ++i) same(lab.cancel(key(t)), Item::requested, "the cancel");
       const Record r = lab.record(t);
       same(r.state, State::leased, "the state");
       same(r.epoch, t.epoch, "the epoch");
       same(r.cancel_requested, true, "cancel_requested");
     }},

    {"cancel.lapsed_task_is_asked",
     "A task whose lease lapsed but that nobody has taken is still leased: its cancel is requested.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(1));
       lab.pass(3);
       same(lab.cancel(key(t)), Item::requested, "the cancel");
       same(lab.record(t).state, State::leased, "the state");
     }},

    {"cancel.ended_task_is_finished",
     "Cancelling a task that has ended is finished, kept or tombstone, and changes nothing.", 0, nullptr,
     [](Lab& lab) {
       for (State end : {State::succeeded, State::dead, State::cancelled}) {
         for (Millis keep : {Millis(0), kKeepForever}) {
           const Leased t = lab.ended(end, keep);
           const std::string before = lab.dump();
           same(lab.cancel(key(t)), Item::finished, "the cancel of a task that is " + text(end));
           lab.unchanged(before, "a cancel after the end");
         }
       }
     }},

    {"cancel.unknown_id_is_not_found",
     "Cancelling an id that was never enqueued, or lives in another queue, is not_found.", 0, nullptr,
     [](Lab& lab) {
       TaskKey k = lab.put();
       same(lab.cancel({"q", lab.id()}), Item::not_found, "the cancel of an unknown id");
       same(lab.cancel({"other", k.id}), Item::not_found, "the cancel in another queue");
       same(lab.record(k).state, State::ready, "the state of the task in its own queue");
     }},

    {"cancel.bad_queue_names_are_invalid", "Cancelling in a queue outside the rule of names is invalid.", 0, nullptr,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       for (const std::string& name : hostile_names())
         same(lab.cancel({name, k.id}), Item::invalid, "a cancel in queue " + text(name));
       same(lab.record(k).state, State::ready, "the state of the task");
     }},

    {"cancel.each_item_has_its_own_answer", "A batch is answered item by item, in order; items see earlier ones.", 0,
     nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 6, "a max_batch of at least 6");
       const Leased running = lab.leased(), done = lab.ended(State::dead);
       const TaskKey waiting = lab.put();
       const std::vector<TaskKey> batch = {waiting,   key(running), {"q", lab.id()},
                                           key(done), waiting,      {"a bad name", waiting.id}};
       same(must(lab.store().cancel(batch), "cancel"),
            {Item::ok, Item::requested, Item::not_found, Item::finished, Item::finished, Item::invalid}, "the answers");
     }},

    {"cancel.leaves_the_others_alone", "Cancelling one task of a queue leaves the others and their order as they were.",
     0, nullptr,
     [](Lab& lab) {
       const auto sent = lab.put(3);
       same(lab.cancel({"q", sent[1]}), Item::ok, "the cancel");
       same(ids(lab.claim(5)), {sent[0], sent[2]}, "the tasks offered");
     }},
};

}  // namespace

Promises cancel() { return kCancelPromises; }

}  // namespace penstock::conformance::areas
