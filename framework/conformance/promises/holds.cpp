// Feature kGates: gates that are closed for a time.
#include <algorithm>

#include "conformance/promises.hpp"
#include "conformance/promises/flow.hpp"

namespace penstock::conformance::areas {

namespace {

constexpr Promise kHoldingPromises[] = {
    {"holds.close_a_gate_until_it_is_opened", "A gate that is held lets nothing through until it is opened.", kGates,
     kGatesCap,
     [](Lab& lab) {
       put_like(lab, gated(lab, kG), 3);
       const auto plain = lab.put(2);
       hold(lab, "g", kHoldForever);
       same(ids(lab.claim(9)), plain, "the tasks claimed");
       lab.pass(20);
       same(claimed(lab, 9), 0u, "tasks claimed much later");
       hold(lab, "g", Millis(0));
       same(claimed(lab, 9), 3u, "tasks claimed once it is open");
     }},

    {"holds.end_by_themselves", "A hold for a time ends when that time has passed, without anybody doing anything.",
     kGates, kGatesCap,
     [](Lab& lab) {
       put_like(lab, gated(lab, kG), 2);
       hold(lab, "g", lab.ticks(5));
       lab.pass(3);
       same(claimed(lab, 9), 0u, "tasks claimed before the end");
       lab.pass(3);
       same(claimed(lab, 9), 2u, "tasks claimed after it");
     }},

    {"holds.next_due_tells_their_end", "next_due of a claim that met a hold is not later than its end.", kGates,
     kGatesCap,
     [](Lab& lab) {
       for (std::string_view gate : {std::string_view("g"), std::string_view()}) {
         const auto sent = put_like(lab, gated(lab, kG), 1);
         hold(lab, gate, lab.ticks(5));
         const auto due = ask(lab, 9).next_due;
         holds(due && *due > Millis(0) && *due <= lab.ticks(5), "next_due within the hold of gate " + text(gate));
         lab.pass(*due);
         lab.pass(1);
         same(ids(lab.claim(9)), sent, "the tasks claimed after next_due");
       }
       hold(lab, "g", kHoldForever);
       lab.put(gated(lab, kG));
       const auto due = ask(lab, 9).next_due;
       holds(!due || *due > lab.ticks(100), "no next_due at a gate that is held for good");
     }},

    {"holds.of_a_queue_tell_of_what_it_has_in_leases",
     "next_due of a queue that is held for a time counts what is scheduled and leased.", kGates, kGatesCap,
     [](Lab& lab) {
       NewTask later = lab.task();
       later.delay = lab.ticks(4);
       lab.put(later);
       hold(lab, "", lab.ticks(2));
       auto due = ask(lab, 9).next_due;
       holds(due && *due <= lab.ticks(4), "next_due with a task that is scheduled");
       lab.pass(5);
       limit(lab, "", {.running = 1, .per_second = 1.0 / 3600, .burst = 1});
       lab.claim_one("q", lab.ticks(3));
       hold(lab, "", lab.ticks(5));
       due = ask(lab, 9).next_due;
       holds(due && *due <= lab.ticks(5), "next_due with a task that is leased, the queue's own gate full");
     }},

    {"holds.the_longer_one_stays", "Of two holds of one gate the one that lasts longer counts.", kGates, kGatesCap,
     [](Lab& lab) {
       put_like(lab, gated(lab, kG), 1);
       hold(lab, "g", lab.ticks(8)), hold(lab, "g", lab.ticks(2));
       lab.pass(4);
       same(claimed(lab, 9), 0u, "tasks claimed after the shorter one");
       hold(lab, "g", lab.ticks(8));
       lab.pass(6);
       same(claimed(lab, 9), 0u, "tasks claimed after the first one");
       hold(lab, "g", kHoldForever), hold(lab, "g", lab.ticks(1));
       lab.pass(10);
       same(claimed(lab, 9), 0u, "tasks claimed from a gate that is held for good");
       hold(lab, "g", Millis(0));
       same(claimed(lab, 9), 1u, "tasks claimed once it is open");
     }},

    {"holds.longest_time_does_not_wrap", "The longest times short of for ever hold as well.", kGates, kGatesCap,
     [](Lab& lab) {
       put_like(lab, gated(lab, kG), 1);
       hold(lab, "g", kHoldForever - Millis(1));
       same(claimed(lab, 9), 0u, "tasks claimed");
       lab.pass(20);
       same(claimed(lab, 9), 0u, "tasks claimed later");
     }},

    {"holds.let_the_running_go_on", "What is leased is settled, extended and given back under a hold as ever.", kGates,
     kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 3);
       put_like(lab, gated(lab, kG), 3);
       const auto got = lab.claim(9);
       hold(lab, "g", kHoldForever), hold(lab, "", kHoldForever);
       same(lab.settle(got[0], State::leased), Item::ok, "a mark");
       const Extended kept = lab.extend("q", got[0].epoch, kLong);
       same(kept.what, Item::ok, "an extension");
       holds(kept.stop.empty(), "no task to stop");
       same(lab.settle(got[0], State::succeeded), Item::ok, "an end");
       same(lab.settle(got[1], State::ready), Item::ok, "a retry");
       same(claimed(lab, 9), 0u, "tasks claimed under the hold");
       hold(lab, "g", Millis(0)), hold(lab, "", Millis(0));
       same(ids(lab.claim(9)), {got[1].id}, "the tasks claimed after it");
     }},

    {"holds.let_tasks_in", "Tasks are enqueued, become due and are cancelled under a hold as ever.", kGates, kGatesCap,
     [](Lab& lab) {
       hold(lab, "", kHoldForever);
       NewTask later = lab.task();
       later.delay = lab.ticks(2);
       lab.put(later);
       const auto sent = lab.put(2);
       same(lab.cancel({"q", sent[0]}), Item::ok, "a cancel");
       lab.pass(3);
       same(claimed(lab, 9), 0u, "tasks claimed under the hold");
       same(lab.record(later.key).state, State::ready, "the state of the task that is due");
       hold(lab, "", Millis(0));
       same(ids(lab.claim(9)), {later.key.id, sent[1]}, "the tasks claimed after it");
     }},

    {"holds.of_a_queue_close_it_for_lapsed_tasks",
     "From a queue whose own gate is held, or limited to 0, nothing is claimed, lapsed tasks neither.", kGates,
     kGatesCap,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       for (bool held : {true, false}) {
         const auto got = lab.claim(9, "q", lab.ticks(1));
         same(ids(got), {k.id}, "the tasks claimed");
         if (held) hold(lab, "", kHoldForever);
         if (!held) running(lab, "", 0);
         lab.pass(3);
         same(claimed(lab, 9), 0u, "tasks claimed from the closed queue");
         same(lab.extend("q", got[0].epoch, lab.ticks(1)).what, Item::ok, "the holder's extension");
         lab.pass(3);
         if (held) hold(lab, "", Millis(0));
         if (!held) no_limit(lab, "");
       }
       same(lab.claim_one().lapsed, true, "whether the task claimed had lapsed");
     }},

    {"holds.of_a_full_queue_are_no_matter_to_lapsed_tasks",
     "A full gate of the queue, or one without tokens, does not keep lapsed tasks back.", kGates, kGatesCap,
     [](Lab& lab) {
       limit(lab, "", {.running = 1, .per_second = 1.0 / 3600, .burst = 1});
       lab.put(2);
       const Leased was = lab.claim_one("q", lab.ticks(1));
       running(lab, "g", 5);
       lab.pass(3);
       same(ids(lab.claim(9)), {was.id}, "the tasks claimed");
     }},

    {"holds.of_other_gates_do_not_bind_lapsed_tasks", "A lapsed task is claimed again though its gate is held by now.",
     kGates, kGatesCap,
     [](Lab& lab) {
       put_like(lab, gated(lab, kG), 2);
       const Leased was = lab.claim_one("q", lab.ticks(1));
       hold(lab, "g", kHoldForever);
       lab.pass(3);
       const auto got = lab.claim(9);
       same(ids(got), {was.id}, "the tasks claimed");
       same(got[0].lapsed, true, "whether it had lapsed");
     }},

    {"holds.of_everything", "Queue * holds every queue, also those to come, until it is opened; limits are kept.",
     kGates, kGatesCap,
     [](Lab& lab) {
       lab.put("a"), lab.put("b");
       hold(lab, "", kHoldForever, "*");
       lab.put("new");
       for (std::string_view queue : {"a", "b", "new"})
         same(lab.claim(9, queue).size(), 0u, "tasks claimed from queue " + text(queue));
       hold(lab, "", Millis(0), "*");
       for (std::string_view queue : {"a", "b", "new"})
         same(lab.claim(9, queue).size(), 1u, "tasks claimed from queue " + text(queue) + " once all is open");
     }},

    {"holds.of_everything_end_by_themselves", "A hold of everything for a time ends when it has passed.", kGates,
     kGatesCap,
     [](Lab& lab) {
       lab.put();
       hold(lab, "", lab.ticks(4), "*");
       const auto due = ask(lab, 9).next_due;
       holds(due && *due > Millis(0) && *due <= lab.ticks(4), "next_due within the hold");
       lab.pass(5);
       same(claimed(lab, 9), 1u, "tasks claimed after it");
     }},

    {"holds.of_everything_and_of_a_queue_are_two", "A queue is open when neither it nor everything is held.", kGates,
     kGatesCap,
     [](Lab& lab) {
       lab.put(), lab.put("other");
       hold(lab, "", kHoldForever), hold(lab, "", kHoldForever, "*");
       hold(lab, "", Millis(0));
       same(claimed(lab, 9), 0u, "tasks claimed while everything is held");
       hold(lab, "", kHoldForever), hold(lab, "", Millis(0), "*");
       same(claimed(lab, 9), 0u, "tasks claimed while the queue is held");
       same(lab.claim(9, "other").size(), 1u, "tasks of the other queue claimed");
       hold(lab, "", Millis(0));
       same(claimed(lab, 9), 1u, "tasks claimed once both are open");
     }},

    {"holds.are_listed", "Holds are listed with the time that is left, everything as *, and not when they are over.",
     kGates, kGatesCap,
     [](Lab& lab) {
       hold(lab, "g", lab.ticks(10)), hold(lab, "h", kHoldForever), hold(lab, "", kHoldForever, "*");
       lab.pass(4);
       const auto all = must(lab.cap<Gates>().gates(""), "gates");
       std::vector<std::string> names;
       for (const GateState& s : all) names.push_back(s.queue + "/" + s.gate);
       same(names, {"*/", "q/g", "q/h"}, "the names listed");
       same(all[0].held, kHoldForever, "the hold of everything");
       holds(all[1].held && *all[1].held > Millis(0) && *all[1].held <= lab.ticks(6), "the time that is left of g");
       same(all[2].held, kHoldForever, "the hold of h");
       hold(lab, "", Millis(0), "*"), hold(lab, "h", Millis(0));
       lab.pass(7);
       same(must(lab.cap<Gates>().gates(""), "gates").size(), 0u, "gates listed when all holds are over");
     }},

    {"holds.bad_ones_are_invalid", "A hold of a gate in every queue, and one for a negative time, are refused.", kGates,
     kGatesCap,
     [](Lab& lab) {
       Gates& gates = lab.cap<Gates>();
       fails(gates.hold("*", "g", kHoldForever), Errc::invalid, "a hold of g everywhere");
       fails(gates.hold("q", "g", Millis(-1)), Errc::invalid, "a hold for a negative time");
       lab.put(gated(lab, kG));
       same(claimed(lab, 9), 1u, "tasks claimed");
     }},

    {"holds.are_of_a_gate_not_a_class", "A hold of a name closes that gate, and not the gates of a class so called.",
     kGates, kGatesCap,
     [](Lab& lab) {
       static constexpr std::string_view kC[] = {"c"};
       hold(lab, "c", kHoldForever);
       lab.put(gated(lab, kC));
       const TaskKey of_class = lab.put(gated(lab, kC1));
       same(ids(lab.claim(9)), {of_class.id}, "the tasks claimed");
     }},

    {"holds.opening_lets_as_many_through_as_fit", "A gate that is opened lets through what its limit has room for.",
     kGates | kFair, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 3);
       hold(lab, "g", kHoldForever);
       const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f"};
       for (const std::string& n : names) put_like(lab, gated(lab, kG, n), 2);
       same(claimed(lab, 99), 0u, "tasks claimed under the hold");
       hold(lab, "g", Millis(0));
       same(claimed(lab, 99), 3u, "tasks claimed after it");
     }},

    {"holds.opening_rings", "Who found a gate, a queue or everything held is woken when it is opened.", kGates,
     kGatesCap,
     [](Lab& lab) {
       auto* waiter = query<Waiter>(lab.store());
       lab.need(waiter != nullptr, "capability penstock.backend.waiter/1");
       const std::pair<std::string_view, std::string_view> held[] = {{"q", "g"}, {"q", ""}, {"*", ""}};
       for (const auto& [queue, gate] : held) {
         const auto sent = put_like(lab, gated(lab, kG), 1);
         hold(lab, gate, kHoldForever, queue);
         const std::uint64_t bell = ask(lab, 100).bell;
         hold(lab, gate, Millis(0), queue);
         holds(must(waiter->wait(bell, lab.harness().patience), "wait") != bell, "a ring by opening " + text(queue));
         same(ids(lab.claim(9)), sent, "the tasks claimed");
       }
     }},

    {"holds.the_wall_clock_is_no_matter", "Setting the wall clock forward or back does not end a hold or lengthen it.",
     kGates, kGatesCap,
     [](Lab& lab) {
       lab.need(lab.harness().jump_wall != nullptr, "a wall clock that can be set");
       lab.put(gated(lab, kG));
       hold(lab, "g", lab.ticks(4));
       lab.harness().jump_wall(kLong);
       same(claimed(lab, 9), 0u, "tasks claimed after a jump forward");
       lab.harness().jump_wall(-2 * kLong);
       lab.pass(5);
       same(claimed(lab, 9), 1u, "tasks claimed after a jump back and the time");
     }},

    {"holds.stop_many_claimers", "Once a hold was answered, no claim that starts later gets a task of the gate.",
     kGates, kGatesCap,
     [](Lab& lab) {
       put_like(lab, gated(lab, kG), static_cast<std::size_t>(lab.harness().rounds) * 8);
       std::atomic<bool> held{false};
       std::atomic<int> late_ones{0};
       Gates& gates = lab.cap<Gates>();
       Lab::together(8, [&](int i) {
         for (int r = 0; r < lab.harness().rounds; ++r) {
           if (i == 0 && r == lab.harness().rounds / 2) {
             must(gates.hold("q", "g", kHoldForever), "hold");
             held = true;
           }
           const bool was = held;
           const auto got = lab.claim(1);
           late_ones += was && !got.empty();
         }
       });
       same(late_ones.load(), 0, "claims that got a task after the hold");
       const std::uint64_t left = lab.count(State::ready);
       hold(lab, "g", Millis(0));
       if (left > 0) same(claimed(lab, 1), 1u, "tasks claimed once it is open");
     }},

    {"holds.outlive_the_object", "Holds are there for a new object, with the time that is left.", kGates, kGatesCap,
     [](Lab& lab) {
       lab.need(lab.harness().survives_reopen, "a store that outlives its object");
       put_like(lab, gated(lab, kG), 1), put_like(lab, gated(lab, kH), 1), lab.put("other");
       hold(lab, "g", lab.ticks(6)), hold(lab, "h", kHoldForever), hold(lab, "", kHoldForever, "*");
       lab.reopen();
       same(lab.claim(9, "other").size(), 0u, "tasks claimed while everything is held");
       hold(lab, "", Millis(0), "*");
       same(lab.claim(9, "other").size(), 1u, "tasks claimed once it is not");
       same(claimed(lab, 9), 0u, "tasks claimed behind g and h");
       lab.pass(7);
       same(claimed(lab, 9), 1u, "tasks claimed when the time of g has passed");
       hold(lab, "h", Millis(0));
       same(claimed(lab, 9), 1u, "tasks claimed once h is open");
     }},
};

}  // namespace

Promises holding() { return kHoldingPromises; }

}  // namespace penstock::conformance::areas
