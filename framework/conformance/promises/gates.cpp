// Feature kGates: which limit goes for a gate, how gates are named and listed.
#include <algorithm>
#include <array>
#include <cmath>

#include "conformance/promises.hpp"
#include "conformance/promises/flow.hpp"
#include "conformance/promises/hostile.hpp"

namespace penstock::conformance::areas {

namespace {

constexpr std::string_view kD1[] = {"d:1"};

// How many of five tasks with these gates a claim gets. They are gone afterwards.
std::size_t through(Lab& lab, std::span<const std::string_view> gates, Here here = Here::now()) {
  const auto sent = put_like(lab, gated(lab, gates), 5, here);
  const auto got = lab.claim(20, "q", kLong, 0, here);
  for (const Leased& t : got) lab.finish(t, State::succeeded, Millis(0), {}, here);
  for (const TaskId& id : sent) lab.cancel({"q", id}, here);
  return got.size();
}

constexpr Promise kGatesPromises[] = {
    {"gates.zero_is_pause", "A gate set to 0 running tasks holds its tasks back, and nothing else, until it is opened.",
     kGates, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 0);
       const TaskKey shut = lab.put(gated(lab, kG));
       const TaskKey free = lab.put();
       same(ids(lab.claim(5)), {free.id}, "the tasks offered");
       no_limit(lab, "g");
       same(lab.claim_one().id, shut.id, "the task offered once the gate is open");
     }},

    {"gates.without_a_limit_are_open", "A gate that nothing is set for lets everything through, in exact order.",
     kGates, kGatesCap,
     [](Lab& lab) {
       std::vector<TaskId> sent;
       for (int i = 0; i < 5; ++i)
         for (const NewTask& t : {gated(lab, kG), lab.task(), gated(lab, kGH)}) sent.push_back(lab.put(t).id);
       same(ids(lab.claim(20)), sent, "the tasks claimed");
     }},

    {"gates.own_gate_limits_the_queue", "The gate with the empty name limits all tasks of its queue together.", kGates,
     kGatesCap,
     [](Lab& lab) {
       running(lab, "", 3);
       lab.put(3), put_like(lab, gated(lab, kG), 3), lab.put(2, "other");
       const auto got = lab.claim(10);
       same(got.size(), 3u, "tasks claimed");
       same(lab.claim(10, "other").size(), 2u, "tasks of another queue claimed");
       same(lab.settle(got[1], State::succeeded), Item::ok, "an end");
       same(claimed(lab, 10), 1u, "tasks claimed after one ended");
     }},

    {"gates.are_per_queue", "A gate of one queue and one of the same name in another have nothing in common.", kGates,
     kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 1);
       NewTask there = gated(lab, kG);
       there.key.queue = "other";
       put_like(lab, there, 3), put_like(lab, gated(lab, kG), 3);
       same(lab.claim(5, "other").size(), 3u, "tasks of the other queue");
       same(claimed(lab, 5), 1u, "tasks of this queue");
     }},

    {"gates.class_goes_for_each_of_its_gates", "A limit of a class goes for every gate of the class by itself.", kGates,
     kGatesCap,
     [](Lab& lab) {
       running(lab, "c", 2);
       for (const auto& gates : {kC1, kC2}) same(through(lab, std::span(gates, 1)), 2u, "tasks through a gate of it");
       same(through(lab, kD1), 5u, "tasks through a gate of another class");
       for (const auto& gates : {kC1, kC2}) put_like(lab, gated(lab, std::span(gates, 1)), 3);
       same(claimed(lab, 10), 4u, "tasks through two gates of the class");
     }},

    {"gates.class_is_set_before_and_after", "A class limit goes for gates named before it was set and after.", kGates,
     kGatesCap,
     [](Lab& lab) {
       put_like(lab, gated(lab, kC1), 3);
       running(lab, "c", 1);
       put_like(lab, gated(lab, kC2), 3);
       same(claimed(lab, 10), 2u, "tasks claimed");
       no_limit(lab, "c");
       same(claimed(lab, 10), 4u, "tasks claimed without the limit");
     }},

    {"gates.first_layer_that_is_there_goes",
     "Set by an operator for the name, declared for it, by an operator for the class, declared for that: in this "
     "order.",
     kGates, kGatesCap,
     [](Lab& lab) {
       limit(lab, "c", {.running = 4}, Layer::declared);
       same(through(lab, kC1), 4u, "tasks with a class limit declared");
       limit(lab, "c", {.running = 3}, Layer::operator_);
       same(through(lab, kC1), 3u, "tasks with a class limit by an operator");
       limit(lab, "c:1", {.running = 2}, Layer::declared);
       same(through(lab, kC1), 2u, "tasks with a limit declared");
       limit(lab, "c:1", {.running = 1}, Layer::operator_);
       same(through(lab, kC1), 1u, "tasks with a limit by an operator");
       limit(lab, "c:1", {.running = 5}, Layer::declared), limit(lab, "c", {.running = 5}, Layer::operator_);
       same(through(lab, kC1), 1u, "tasks after the layers below were raised");
       no_limit(lab, "c:1", Layer::operator_);
       same(through(lab, kC1), 5u, "tasks without the operator's limit");
       no_limit(lab, "c:1"), no_limit(lab, "c", Layer::operator_);
       same(through(lab, kC1), 4u, "tasks with the first limit alone");
       no_limit(lab, "c");
       same(through(lab, kC1), 5u, "tasks without a limit");
     }},

    {"gates.no_limit_of_its_own_hides_the_class",
     "A limit that says unlimited, set for a gate, hides that of its class.", kGates, kGatesCap,
     [](Lab& lab) {
       running(lab, "c", 0), running(lab, "c:1", -1);
       same(through(lab, kC1), 5u, "tasks through the gate that is set free");
       same(through(lab, kC2), 0u, "tasks through the other");
     }},

    {"gates.lower_limit_ends_nothing",
     "A limit lowered below what runs lets the running go on, and lets nobody in until there is room.", kGates,
     kGatesCap,
     [](Lab& lab) {
       put_like(lab, gated(lab, kG), 6);
       auto got = lab.claim(4);
       running(lab, "g", 2);
       const Extended kept = lab.extend("q", got[0].epoch, kLong);
       same(kept.what, Item::ok, "the extension");
       holds(kept.stop.empty(), "no task to stop");
       for (std::size_t i = 0; i < 2; ++i) {
         same(claimed(lab, 5), 0u, "tasks claimed while " + text(4 - i) + " run");
         same(lab.settle(got[i], State::succeeded), Item::ok, "an end");
       }
       same(claimed(lab, 5), 0u, "tasks claimed while 2 run");
       same(lab.settle(got[2], State::succeeded), Item::ok, "an end");
       same(claimed(lab, 5), 1u, "tasks claimed while 1 runs");
     }},

    {"gates.changes_hold_at_once", "A limit raised, lowered or taken away holds for the next claim.", kGates, kGatesCap,
     [](Lab& lab) {
       put_like(lab, gated(lab, kG), 12);
       std::size_t leased = 0;
       const std::pair<std::int64_t, std::size_t> steps[] = {{0, 0}, {1, 1}, {3, 3}, {2, 3}, {4, 4}, {-1, 8}};
       for (const auto& [limit, expected] : steps) {
         running(lab, "g", limit);
         leased += claimed(lab, 4);
         same(leased, expected, "tasks leased with a limit of " + text(limit));
       }
       no_limit(lab, "g");
       same(claimed(lab, 20), 4u, "tasks claimed without any limit");
     }},

    {"gates.queue_need_not_exist", "Limits and holds may be set for a queue that nobody has used yet.", kGates,
     kGatesCap,
     [](Lab& lab) {
       limit(lab, "g", {.running = 1}, Layer::declared, "new");
       hold(lab, "h", kHoldForever, "new");
       NewTask g = gated(lab, kG), h = gated(lab, kH);
       g.key.queue = h.key.queue = "new";
       put_like(lab, g, 2), put_like(lab, h, 2);
       same(lab.claim(5, "new").size(), 1u, "tasks claimed");
     }},

    {"gates.broken_limits_are_invalid", "A limit that is negative or not finite, or has no burst, changes nothing.",
     kGates, kGatesCap,
     [](Lab& lab) {
       Gates& gates = lab.cap<Gates>();
       running(lab, "g", 2);
       const Limit bad[] = {{.per_second = -1},
                            {.per_second = -1e-300},
                            {.per_second = std::nan("")},
                            {.per_second = HUGE_VAL},
                            {.per_second = 1, .burst = 0}};
       for (const Limit& l : bad) {
         for (Layer layer : {Layer::declared, Layer::operator_})
           fails(gates.limit("q", "g", layer, &l), Errc::invalid, "the limit " + text(l));
       }
       same(through(lab, kG), 2u, "tasks through the gate afterwards");
     }},

    {"gates.bad_names_are_invalid", "Queue names that break the rule and gate names of 256 octets are refused.", kGates,
     kGatesCap,
     [](Lab& lab) {
       Gates& gates = lab.cap<Gates>();
       const Limit none{.running = 0};
       const std::string longest(256, 'g');
       std::vector<std::string> queues = hostile_names();
       queues.push_back("*");
       for (const std::string& queue : queues) {
         fails(gates.limit(queue, "g", Layer::declared, &none), Errc::invalid, "a limit in queue " + text(queue));
         fails(gates.limit(queue, "g", Layer::declared, nullptr), Errc::invalid, "a limit less in " + text(queue));
         fails(gates.hold(queue, "g", kHoldForever), Errc::invalid, "a hold in queue " + text(queue));
         if (queue != "*") fails(gates.hold(queue, "", kHoldForever), Errc::invalid, "a hold of queue " + text(queue));
       }
       fails(gates.limit("q", longest, Layer::declared, &none), Errc::invalid, "a limit of too long a name");
       fails(gates.hold("q", longest, kHoldForever), Errc::invalid, "a hold of too long a name");
       same(must(gates.gates(""), "gates").size(), 0u, "gates listed");
     }},

    {"gates.names_are_any_octets", "Gate names are compared octet by octet, NUL included, up to 255 of them.", kGates,
     kGatesCap,
     [](Lab& lab) {
       const std::vector<std::string> names = {std::string("\0", 1),
                                               std::string("a\0b", 3),
                                               std::string("a\0c", 3),
                                               "a",
                                               "A",
                                               "a ",
                                               "\xff\xfe",
                                               "'; DROP TABLE gate; --",
                                               "{q}:g",
                                               "%",
                                               "_",
                                               "*",
                                               std::string(255, 'g')};
       for (const std::string& name : names) {
         running(lab, name, 1);
         const std::string_view mine[] = {name};
         same(through(lab, mine), 1u, "tasks through " + text(name) + " while it is limited");
         for (const std::string& other : names) {
           if (other == name) continue;
           const std::string_view theirs[] = {other};
           same(through(lab, theirs), 5u, "tasks through " + text(other) + " while " + text(name) + " is limited");
         }
         no_limit(lab, name);
       }
     }},

    {"gates.bad_gates_make_a_task_invalid",
     "An empty gate, one of 256 octets, one named twice, and a ninth make a task invalid.", kGates, nullptr,
     [](Lab& lab) {
       const std::string longest(256, 'g');
       const std::string_view empty[] = {"a", ""}, too_long[] = {longest}, twice[] = {"a", "b", "a"};
       const std::string_view nine[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
       for (std::span<const std::string_view> gates :
            {std::span<const std::string_view>(empty), {too_long}, {twice}, {nine}}) {
         const NewTask t = gated(lab, gates);
         same(lab.enqueue(t), Item::invalid,
              "an enqueue with gates " + text(std::vector<std::string>(gates.begin(), gates.end())));
         holds(!lab.get(t.key), "no record of it");
       }
       lab.nothing_claimable("enqueues refused");
       lab.put(gated(lab, std::span(nine, 8)));
       same(claimed(lab, 5), 1u, "tasks with eight gates claimed");
     }},

    {"gates.each_of_eight_binds", "Whichever of its eight gates is closed, a task does not pass.", kGates, kGatesCap,
     [](Lab& lab) {
       const std::string_view eight[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
       const TaskKey k = lab.put(gated(lab, eight));
       for (std::string_view closed : eight) {
         running(lab, closed, 0);
         same(claimed(lab, 5), 0u, "tasks claimed with gate " + text(closed) + " closed");
         no_limit(lab, closed);
       }
       same(lab.claim_one().id, k.id, "the task claimed with all of them open");
     }},

    {"gates.order_of_gates_is_no_matter", "Tasks that name the same gates in another order are of one flow.", kGates,
     kGatesCap,
     [](Lab& lab) {
       const std::string_view hg[] = {"h", "g"};
       running(lab, "g", 1);
       std::vector<TaskId> sent;
       for (int i = 0; i < 4; ++i) sent.push_back(lab.put(gated(lab, i % 2 ? std::span(hg) : std::span(kGH))).id);
       for (const TaskId& id : sent) {
         const auto got = lab.claim(5);
         same(ids(got), {id}, "the task claimed");
         lab.finish(got[0], State::succeeded, Millis(0));
       }
     }},

    {"gates.are_shown", "A record shows the gates of its task until it is a tombstone.", kGates, nullptr,
     [](Lab& lab) {
       const std::string odd("a\0b\xff", 4);
       const std::string_view gates[] = {"z", odd, "c:1"};
       const NewTask t = gated(lab, gates);
       lab.put(t);
       const auto shown = [&] {
         auto out = lab.record(t.key).gates;
         std::sort(out.begin(), out.end());
         return out;
       };
       const std::vector<std::string> expected = {odd, "c:1", "z"};
       same(shown(), expected, "the gates");
       lab.finish(lab.claim_one(), State::dead, kKeepForever);
       same(shown(), expected, "the gates after the end");
       lab.trim({.queue = "q", .state = State::dead, .count = 0});
       same(shown(), {}, "the gates of the tombstone");
     }},

    {"gates.are_listed", "What is set for gates and classes is listed by queue and name, with who runs and who waits.",
     kGates, kGatesCap,
     [](Lab& lab) {
       Gates& gates = lab.cap<Gates>();
       const Limit declared{.running = 2, .per_second = 1e6, .burst = 50}, set{.running = 1};
       limit(lab, "g", declared), limit(lab, "g", set, Layer::operator_), limit(lab, "c", {.running = 9});
       limit(lab, "", {.running = 7}, Layer::operator_, "r"), hold(lab, "h", kHoldForever);
       put_like(lab, gated(lab, kG), 3), put_like(lab, gated(lab, kC1), 2), put_like(lab, gated(lab, kH), 1);
       same(claimed(lab, 10), 3u, "tasks claimed");
       const auto all = must(gates.gates(""), "gates");
       std::vector<std::string> names;
       for (const GateState& s : all) names.push_back(s.queue + "/" + s.gate);
       same(names, {"q/c", "q/g", "q/h", "r/"}, "the names listed");
       same(all[1].declared == declared && all[1].by_operator == set, true, "whether both limits of g are shown");
       holds(!all[1].held, "no hold of g");
       same(all[1].leased, 1u, "tasks leased through g");
       same(all[1].waiting, 1u, "flows that wait at g");
       same(all[0].leased + all[0].waiting, 0u, "tasks of the class");
       same(all[2].held, kHoldForever, "the hold of h");
       same(all[2].waiting, 1u, "flows that wait at h");
       same(must(gates.gates("r"), "gates").size(), 1u, "gates listed of one queue");
       same(must(gates.gates("nobody"), "gates").size(), 0u, "gates listed of no queue");
       no_limit(lab, "g"), no_limit(lab, "g", Layer::operator_), hold(lab, "h", Millis(0));
       same(must(gates.gates("q"), "gates").size(), 1u, "gates listed after the limits were taken away");
     }},

    {"gates.own_gate_tells_who_runs", "The queue's own gate is listed with all tasks of the queue that are leased.",
     kGates, kGatesCap,
     [](Lab& lab) {
       running(lab, "", 10);
       lab.put(2), put_like(lab, gated(lab, kG), 2);
       const auto got = lab.claim(3);
       same(gate_state(lab, "").value_or(GateState{}).leased, 3u, "tasks leased");
       lab.finish(got[0], State::dead, kKeepForever);
       same(gate_state(lab, "").value_or(GateState{}).leased, 2u, "tasks leased after one ended");
     }},

    {"gates.outlive_the_object", "Limits of both layers and the slots that are taken are there for a new object.",
     kGates, kGatesCap,
     [](Lab& lab) {
       lab.need(lab.harness().survives_reopen, "a store that outlives its object");
       limit(lab, "g", {.running = 5}), limit(lab, "g", {.running = 2}, Layer::operator_), running(lab, "c", 1);
       put_like(lab, gated(lab, kG), 8), put_like(lab, gated(lab, kC1), 3);
       const auto got = lab.claim(10);
       same(got.size(), 3u, "tasks claimed");
       lab.reopen();
       same(claimed(lab, 10), 0u, "tasks claimed after opening again");
       for (const Leased& t : got) lab.finish(t, State::succeeded, Millis(0));
       same(claimed(lab, 10), 3u, "tasks claimed after all ended");
       no_limit(lab, "g", Layer::operator_);
       same(claimed(lab, 10), 3u, "tasks claimed with the limit declared");
     }},

    {"gates.are_of_the_store", "Two objects on one store share limits and slots.", kGates, kGatesCap,
     [](Lab& lab) {
       const auto other = lab.another();
       running(lab, "g", 2);
       put_like(lab, gated(lab, kG), 5);
       same(claimed(lab, 1), 1u, "tasks claimed through the first object");
       const Share share{"q", 9};
       Exchange e;
       e.claim = std::span(&share, 1), e.limit = 9, e.lease = kLong;
       const auto got = must(other->exchange(e), "exchange").leased;
       same(got.size(), 1u, "tasks claimed through the second");
       same(claimed(lab, 9), 0u, "tasks claimed through the first object again");
       lab.finish(got.at(0), State::succeeded, Millis(0));
       same(must(other->exchange(e), "exchange").leased.size(), 1u, "tasks claimed through the second after an end");
     }},
};

}  // namespace

Promises gates() { return kGatesPromises; }

}  // namespace penstock::conformance::areas
