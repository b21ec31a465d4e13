// Reading records.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"
#include "conformance/promises/hostile.hpp"

namespace penstock::conformance::areas {

namespace {

constexpr Promise kGetPromises[] = {
    {"get.waiting_task",
     "The record of a ready task shows what was sent, no epoch, no charges and no dates but the enqueue.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.kind = "send", t.body = "hello", t.priority = -3, t.weight = 12;
       const Record r = lab.record(lab.put(t));
       same(r.state, State::ready, "the state");
       same(r.kind, "send", "the kind");
       same(r.body, "hello", "the body");
       same(r.note, "", "the note");
       same(r.epoch, 0u, "the epoch");
       same(r.priority, -3, "the priority");
       same(r.weight, 12, "the weight");
       same(r.failures + r.crashes, 0u, "failures and crashes");
       same(r.begun || r.cancel_requested || r.tombstone, false, "any of begun, cancel_requested, tombstone");
       same(r.due, Time{}, "the due date");
       same(r.ended, Time{}, "the time of the end");
     }},

    {"get.leased_task",
     "The record of a leased task shows its epoch and its lease holder's marks, no due date and no end.", 0, nullptr,
     [](Lab& lab) {
       NewTask sent = lab.task();
       sent.delay = lab.ticks(1);
       lab.put(sent);
       lab.pass(2);
       const Leased t = lab.claim_one("q", kLong, 1);
       const Record r = lab.record(t);
       same(r.state, State::leased, "the state");
       same(r.epoch, t.epoch, "the epoch");
       same(r.begun, true, "begun");
       same(r.cancel_requested, false, "cancel_requested");
       same(r.due, Time{}, "the due date");
       same(r.ended, Time{}, "the time of the end");
     }},

    {"get.due_task_is_reported_ready", "A scheduled task whose date has come is reported ready, before any claim.", 0,
     nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.delay = lab.ticks(2);
       lab.put(t);
       same(lab.record(t.key).state, State::scheduled, "the state before the date");
       lab.pass(3);
       const Record r = lab.record(t.key);
       same(r.state, State::ready, "the state after the date");
       same(r.due, Time{}, "the due date of a ready task");
     }},

    {"get.ended_flags_are_cleared", "After the end a record is neither begun nor asked to stop, and has no due date.",
     0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", kLong, 1);
       same(lab.cancel(key(t)), Item::requested, "the cancel");
       lab.finish(t, State::dead, kKeepForever);
       const Record r = lab.record(t);
       same(r.begun, false, "begun");
       same(r.cancel_requested, false, "cancel_requested");
       same(r.due, Time{}, "the due date");
     }},

    {"get.enqueue_time_stays", "The time of the enqueue is the same through retries, lapses and the end.", 0, nullptr,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       const Time at = lab.record(k).enqueued;
       lab.pass(2);
       Leased t = lab.claim_one();
       same(lab.settle(t, State::ready), Item::ok, "the retry");
       same(lab.record(k).enqueued, at, "the time of the enqueue after a retry");
       t = lab.claim_one();
       lab.finish(t, State::dead, kKeepForever);
       same(lab.record(k).enqueued, at, "the time of the enqueue after the end");
     }},

    {"get.unknown_id_is_absent",
     "An id that was never enqueued, or lives in another queue, has no record, and is no error.", 0, nullptr,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       holds(!lab.get({"q", lab.id()}), "no record of an unknown id");
       holds(!lab.get({"other", k.id}), "no record in another queue");
       holds(!lab.get({"q", TaskId{}}), "no record of the id of zeros");
     }},

    {"get.bad_queue_names_find_nothing",
     "Reading from a queue outside the rule of names finds no record, and harms nothing.", 0, nullptr,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       for (const std::string& name : hostile_names()) {
         const TaskKey bad{name, k.id};
         const auto answer = lab.store().get(std::span(&bad, 1));
         if (answer) holds(!(*answer).at(0).has_value(), "no record in queue " + text(name));
         if (!answer) same(answer.error().code, Errc::invalid, "the error of a get in queue " + text(name));
       }
       same(lab.record(k).state, State::ready, "the state of the task");
     }},

    {"get.answers_in_the_order_given",
     "Records come in the order asked for, absent ones in their place, repeated ids repeated.", 0, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 5, "a max_batch of at least 5");
       NewTask a = lab.task("a"), b = lab.task("b");
       a.body = "of a", b.body = "of b";
       lab.put(a), lab.put(b);
       const std::vector<TaskKey> batch = {b.key, {"a", lab.id()}, a.key, b.key, a.key};
       const auto got = must(lab.store().get(batch), "get");
       same(got.size(), 5u, "the number of answers");
       const char* expected[] = {"of b", nullptr, "of a", "of b", "of a"};
       for (std::size_t i = 0; i < 5; ++i) {
         same(got[i].has_value(), expected[i] != nullptr, "whether answer " + text(i) + " is there");
         if (expected[i]) same(got[i]->body, expected[i], "the body of answer " + text(i));
       }
     }},

    {"get.changes_nothing", "Reading any task in any state changes nothing.", 0, nullptr,
     [](Lab& lab) {
       NewTask later = lab.task();
       later.delay = lab.ticks(50);
       lab.leased(), lab.put(later), lab.ended(State::dead), lab.ended(State::succeeded, kKeepForever), lab.put();
       const std::string before = lab.dump();
       for (int i = 0; i < lab.harness().repeat; ++i) lab.unchanged(before, "a get");
     }},

    {"get.tombstone_has_three_fields",
     "A tombstone has state, epoch and time of its end; all other fields are as in an empty record.", 0, nullptr,
     [](Lab& lab) {
       NewTask sent = lab.task();
       sent.priority = 5, sent.weight = 6;
       lab.put(sent);
       const Leased t = lab.claim_one();
       Settlement s = lab.say(t, State::dead);
       s.charge = Charge::crash, s.note = "gone";
       same(lab.settle(s), Item::ok, "the settlement");
       const Record r = lab.record(t), none;
       same(r.tombstone, true, "tombstone");
       same(r.state, State::dead, "the state");
       same(r.epoch, t.epoch, "the epoch");
       same(r.kind + r.body + r.note, "", "kind, body and note");
       same(r.priority, none.priority, "the priority");
       same(r.weight, none.weight, "the weight");
       same(r.failures + r.crashes, 0u, "failures and crashes");
       same(r.enqueued, Time{}, "the time of the enqueue");
       same(r.due, Time{}, "the due date");
     }},
};

}  // namespace

Promises get() { return kGetPromises; }

}  // namespace penstock::conformance::areas
