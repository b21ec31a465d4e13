// In which order a queue's ready tasks are handed out.
#include <algorithm>
#include <tuple>

#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

// Enqueues `n` tasks of drawn priority and weight; returns their ids in the order they should run.
std::vector<TaskId> drawn(Lab& lab, std::size_t n, std::string_view queue = "q") {
  std::vector<NewTask> sent = lab.tasks(n, queue);
  for (NewTask& t : sent) {
    t.priority = static_cast<std::int32_t>(lab.random().below(4)) - 2;
    t.weight = static_cast<std::uint16_t>(1 + lab.random().below(3));
    lab.put(t);
  }
  std::stable_sort(sent.begin(), sent.end(), [](const NewTask& a, const NewTask& b) {
    return std::tuple(a.priority, -a.weight) < std::tuple(b.priority, -b.weight);
  });
  std::vector<TaskId> out;
  for (const NewTask& t : sent) out.push_back(t.key.id);
  return out;
}

constexpr Promise kOrderPromises[] = {
    {"order.arrival", "Among equals, the task that arrived first is handed out first.", 0, nullptr,
     [](Lab& lab) {
       const auto sent = lab.put(20);
       same(ids(lab.claim(20)), sent, "the order");
     }},

    {"order.arrival_within_a_batch", "Tasks of one enqueue arrive in the order of the batch.", 0, nullptr,
     [](Lab& lab) {
       const auto batch = lab.tasks(std::min<std::size_t>(20, lab.properties().max_batch));
       lab.enqueue(batch);
       std::vector<TaskId> sent;
       for (const NewTask& t : batch) sent.push_back(t.key.id);
       same(ids(lab.claim(20)), sent, "the order");
     }},

    {"order.lower_priority_first",
     "A task with a lower priority number runs before all with higher ones, whenever it arrived.", 0, nullptr,
     [](Lab& lab) {
       std::vector<TaskId> sent;
       for (std::int32_t priority : {INT32_MAX, 5, 0, -1, INT32_MIN}) {
         NewTask t = lab.task();
         t.priority = priority;
         sent.insert(sent.begin(), lab.put(t).id);
       }
       same(ids(lab.claim(10)), sent, "the order");
     }},

    {"order.higher_weight_first", "Among tasks of equal priority, the higher weight runs first, whenever it arrived.",
     0, nullptr,
     [](Lab& lab) {
       std::vector<TaskId> sent;
       for (std::uint16_t weight :
            {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{255}, std::uint16_t{256}, std::uint16_t{65535}}) {
         NewTask t = lab.task();
         t.weight = weight;
         sent.insert(sent.begin(), lab.put(t).id);
       }
       same(ids(lab.claim(10)), sent, "the order");
     }},

    {"order.priority_before_weight", "Weight never lifts a task above one of lower priority number.", 0, nullptr,
     [](Lab& lab) {
       NewTask heavy = lab.task(), light = lab.task();
       heavy.priority = 1, heavy.weight = 65535;
       lab.put(heavy), lab.put(light);
       same(lab.claim_one().id, light.key.id, "the first task");
     }},

    {"order.holds_for_any_mixture", "A claim of many tasks is sorted by priority, weight and arrival.", 0, nullptr,
     [](Lab& lab) {
       const auto expected = drawn(lab, 60);
       same(ids(lab.claim(60)) == expected, true, "whether 60 drawn tasks came in order");
     }},

    {"order.holds_across_claims", "Successive claims of one task each follow the same order as one claim of all.",
     kStrictOrder, nullptr,
     [](Lab& lab) {
       const auto expected = drawn(lab, 40);
       for (std::size_t i = 0; i < expected.size(); ++i) same(lab.claim_one().id, expected[i], "task " + text(i));
     }},

    {"order.holds_beyond_the_quota", "Tasks that come after the quota continue the order of those within it.", 0,
     nullptr,
     [](Lab& lab) {
       const auto expected = drawn(lab, 12);
       const Share share{"q", 3};
       Exchange e;
       e.claim = std::span(&share, 1), e.limit = 12, e.lease = kLong;
       same(ids(lab.exchange(e).leased), expected, "the order");
     }},

    {"order.is_per_queue", "The order within each queue holds when one exchange claims from several.", 0, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 2, "a max_batch of at least 2");
       const auto a = drawn(lab, 15, "a"), b = drawn(lab, 15, "b");
       const std::vector<Share> shares = {{"a", 3}, {"b", 5}};
       Exchange e;
       e.claim = shares, e.limit = 30, e.lease = kLong;
       std::vector<TaskId> from_a, from_b;
       for (const Leased& t : lab.exchange(e).leased) (t.queue == "a" ? from_a : from_b).push_back(t.id);
       same(from_a, a, "the order in queue a");
       same(from_b, b, "the order in queue b");
     }},

    {"order.retry_keeps_its_place",
     "A task given back without delay stands again where it arrived, before all later ones.", 0, nullptr,
     [](Lab& lab) {
       const auto sent = lab.put(4);
       const Leased first = lab.claim_one();
       same(lab.settle(first, State::ready), Item::ok, "the retry");
       same(ids(lab.claim(4)), sent, "the order");
     }},

    {"order.delayed_retry_keeps_its_place",
     "A task given back with a delay stands where it arrived once the delay is over.", 0, nullptr,
     [](Lab& lab) {
       const auto sent = lab.put(3);
       const Leased first = lab.claim_one();
       Settlement s = lab.say(first, State::ready);
       s.delay = lab.ticks(2);
       same(lab.settle(s), Item::ok, "the retry");
       lab.put();
       lab.pass(3);
       same(lab.claim(4)[0].id, sent[0], "the first task");
     }},

    {"order.retry_keeps_priority_and_weight", "A task given back still runs by its priority and weight.", 0, nullptr,
     [](Lab& lab) {
       NewTask late = lab.task();
       late.priority = 9, late.weight = 2;
       lab.put(late);
       const Leased t = lab.claim_one();
       const TaskKey urgent = lab.put();
       same(lab.settle(t, State::ready), Item::ok, "the retry");
       const auto got = lab.claim(2);
       same(got.size(), 2u, "tasks claimed");
       same(got[0].id, urgent.id, "the first task");
       same(got[1].priority, 9, "the priority");
       same(got[1].weight, 2, "the weight");
     }},

    {"order.due_tasks_sort_in", "A scheduled task that is due takes its place by priority, weight and arrival.", 0,
     nullptr,
     [](Lab& lab) {
       NewTask early = lab.task(), urgent = lab.task();
       early.delay = lab.ticks(2), urgent.delay = lab.ticks(1), urgent.priority = -1;
       lab.put(early);
       const TaskKey ready = lab.put();
       lab.put(urgent);
       lab.pass(3);
       same(ids(lab.claim(3)), {urgent.key.id, early.key.id, ready.id}, "the order");
     }},
};

}  // namespace

Promises order() { return kOrderPromises; }

}  // namespace penstock::conformance::areas
