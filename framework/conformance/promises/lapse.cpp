// Leases that end without a word: who gets the tasks, in which order, and what is said of them.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

// `n` tasks put and claimed in one batch whose lease has lapsed.
std::vector<Leased> lapsed(Lab& lab, std::size_t n, std::uint32_t begin = 0, Here here = Here::now()) {
  lab.put(n, "q", here);
  auto got = lab.claim(static_cast<std::uint32_t>(n), "q", lab.ticks(2), begin, here);
  same(got.size(), n, "tasks claimed", here);
  lab.pass(3);
  return got;
}

constexpr Promise kLapsePromises[] = {
    {"lapse.offers_the_task_again",
     "A task whose lease ended is handed out again, flagged lapsed, under a higher epoch.", 0, nullptr,
     [](Lab& lab) {
       const auto was = lapsed(lab, 1);
       const Leased again = lab.claim_one();
       same(again.id, was[0].id, "the task");
       same(again.lapsed, true, "lapsed");
       holds(again.epoch > was[0].epoch, "a higher epoch");
       same(again.body, was[0].body, "the body");
     }},

    {"lapse.not_before_the_lease_ends", "A leased task is not offered while its lease lasts.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       lab.claim_one("q", lab.ticks(4));
       for (int i = 0; i < 2; ++i) lab.pass(1), lab.nothing_claimable("a claim within the lease");
       lab.pass(3);
       same(lab.claim_one().lapsed, true, "lapsed");
     }},

    {"lapse.stays_leased_until_claimed", "A lapsed task stays leased, with its epoch, until a claim takes it.", 0,
     nullptr,
     [](Lab& lab) {
       const auto was = lapsed(lab, 1);
       const Record r = lab.record(was[0]);
       same(r.state, State::leased, "the state");
       same(r.epoch, was[0].epoch, "the epoch");
       same(lab.count(State::leased), 1u, "the count of leased tasks");
     }},

    {"lapse.charges_nothing", "The end of a lease counts nothing against the task: judging is the host's.", 0, nullptr,
     [](Lab& lab) {
       lapsed(lab, 1, 1);
       const Leased again = lab.claim_one();
       same(again.failures, 0u, "the failures");
       same(again.crashes, 0u, "the crashes");
     }},

    {"lapse.comes_before_ready_tasks", "Tasks of lapsed leases are offered before ready ones, whatever their priority.",
     0, nullptr,
     [](Lab& lab) {
       const auto was = lapsed(lab, 1);
       NewTask urgent = lab.task();
       urgent.priority = INT32_MIN;
       lab.put(urgent);
       same(ids(lab.claim(2)), {was[0].id, urgent.key.id}, "the order");
     }},

    {"lapse.oldest_epoch_first", "Of several lapsed leases, the oldest epoch comes first.", 0, nullptr,
     [](Lab& lab) {
       const auto sent = lab.put(3);
       lab.claim(1, "q", lab.ticks(4)), lab.claim(1, "q", lab.ticks(2)), lab.claim(1, "q", lab.ticks(3));
       lab.pass(6);
       same(ids(lab.claim(3)), sent, "the order");
     }},

    {"lapse.keeps_the_order_of_its_batch", "Tasks of a lapsed lease come in the order in which they were handed out.",
     0, nullptr,
     [](Lab& lab) {
       for (int priority : {3, 1, 2, 1, 0}) {
         NewTask t = lab.task();
         t.priority = priority;
         lab.put(t);
       }
       const auto was = lab.claim(5, "q", lab.ticks(2));
       lab.pass(3);
       same(ids(lab.claim(5)), ids(was), "the order");
     }},

    {"lapse.can_be_taken_in_parts",
     "A claim may take some tasks of a lapsed lease; the others are offered to the next.", 0, nullptr,
     [](Lab& lab) {
       const auto was = lapsed(lab, 5);
       auto got = lab.claim(2);
       const auto rest = lab.claim(9);
       got.insert(got.end(), rest.begin(), rest.end());
       same(ids(got), ids(was), "the tasks of both claims");
       same(lab.record(was[4]).epoch, rest.back().epoch, "the epoch of a task taken by the second claim");
     }},

    {"lapse.parts_not_taken_keep_their_epoch",
     "Tasks of a lapsed lease that a claim left are still held by their first holder.", 0, nullptr,
     [](Lab& lab) {
       const auto was = lapsed(lab, 3);
       same(lab.claim(1).size(), 1u, "tasks taken");
       same(lab.record(was[2]).epoch, was[2].epoch, "the epoch of a task left");
       same(lab.settle(was[0], State::succeeded), Item::lease_lost, "the first holder's settlement of the task taken");
       same(lab.settle(was[2], State::succeeded), Item::ok, "the first holder's settlement of a task left");
     }},

    {"lapse.mixed_claims_share_one_epoch", "Lapsed and ready tasks of one claim have the same new epoch.", 0, nullptr,
     [](Lab& lab) {
       lapsed(lab, 2);
       lab.put(2);
       const auto got = lab.claim(4);
       same(got.size(), 4u, "tasks claimed");
       for (std::size_t i = 0; i < 4; ++i) {
         same(got[i].epoch, got[0].epoch, "the epoch of task " + text(i));
         same(got[i].lapsed, i < 2, "lapsed of task " + text(i));
       }
     }},

    {"lapse.counts_against_quota_and_limit", "Lapsed tasks count against the quota and the limit like ready ones.", 0,
     nullptr,
     [](Lab& lab) {
       lapsed(lab, 3);
       lab.put(3);
       same(lab.claim(4).size(), 4u, "tasks claimed with limit 4");
       same(lab.count(State::ready), 2u, "tasks left ready");
     }},

    {"lapse.tells_whether_it_had_begun",
     "A lapsed task is flagged begun when its holder had marked it, at the claim or later, else not.", 0, nullptr,
     [](Lab& lab) {
       lab.put(3);
       const auto was = lab.claim(3, "q", lab.ticks(3), 1);
       same(lab.settle(was[2], State::leased), Item::ok, "the begun mark");
       lab.pass(4);
       const auto got = lab.claim(3);
       same(ids(got), ids(was), "the tasks");
       same(got[0].begun, true, "begun of the task marked by its claim");
       same(got[1].begun, false, "begun of the task never marked");
       same(got[2].begun, true, "begun of the task marked later");
     }},

    {"lapse.begun_is_of_the_last_holder",
     "When a lease lapses twice, begun tells of the second holder, who may not have begun.", 0, nullptr,
     [](Lab& lab) {
       lapsed(lab, 1, 1);
       same(lab.claim_one("q", lab.ticks(2)).begun, true, "begun after the first lapse");
       lab.pass(3);
       const Leased third = lab.claim_one();
       same(third.lapsed, true, "lapsed");
       same(third.begun, false, "begun after the second lapse");
     }},

    {"lapse.is_not_marked_by_begin", "`begin` passes over lapsed tasks and marks the ready ones after them.", 0,
     nullptr,
     [](Lab& lab) {
       lapsed(lab, 2);
       lab.put(2);
       const auto got = lab.claim(4, "q", kLong, 1);
       same(got.size(), 4u, "tasks claimed");
       same(got[0].begun, false, "begun of a lapsed task");
       same(got[1].begun, false, "begun of a lapsed task");
       same(got[2].begun, true, "begun of the first ready task");
       same(got[3].begun, false, "begun of the second ready task");
     }},

    {"lapse.settled_tasks_do_not_come_back", "Of a lapsed batch only the tasks still held are offered.", 0, nullptr,
     [](Lab& lab) {
       lab.put(3);
       const auto was = lab.claim(3, "q", lab.ticks(2));
       same(lab.settle(was[1], State::succeeded), Item::ok, "a settlement");
       lab.pass(3);
       same(ids(lab.claim(5)), {was[0].id, was[2].id}, "the tasks offered");
     }},

    {"lapse.can_happen_again_and_again",
     "A task that lapses many times is offered each time, under rising epochs, one holder at a time.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       Epoch last = 0;
       for (int i = 0; i < 4; ++i) {
         const Leased t = lab.claim_one("q", lab.ticks(2));
         same(t.lapsed, i > 0, "lapsed");
         holds(t.epoch > last, "a higher epoch");
         last = t.epoch;
         lab.nothing_claimable("a claim within the lease");
         lab.pass(3);
       }
     }},

    {"lapse.keeps_charges_and_note", "Failures, crashes and the note of a lapsed task are handed to the next holder.",
     0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(3));
       Settlement s = lab.say(t, State::leased);
       s.note = "halfway", s.charge = Charge::crash;
       same(lab.settle(s), Item::ok, "the progress mark");
       lab.pass(4);
       const Leased again = lab.claim_one();
       same(again.note, "halfway", "the note");
       same(again.crashes, 1u, "the crashes");
     }},

    {"lapse.cancelled_tasks_end",
     "A lapsed task whose cancel was requested is not offered: a claim ends it as cancelled.", 0, nullptr,
     [](Lab& lab) {
       lab.put(2);
       const auto was = lab.claim(2, "q", lab.ticks(3));
       same(lab.cancel(key(was[0])), Item::requested, "the cancel");
       lab.pass(4);
       same(ids(lab.claim(5)), {was[1].id}, "the tasks offered");
       const Record r = lab.record(was[0]);
       same(r.state, State::cancelled, "the state of the cancelled task");
       same(r.tombstone, false, "tombstone");
       same(r.body, "body", "the body kept");
       same(lab.count(State::cancelled), 1u, "the count of cancelled tasks");
       same(lab.settle(was[0], State::succeeded), Item::lease_lost, "the holder's settlement");
     }},

    {"lapse.the_longest_lease_does_not_lapse",
     "A lease of the greatest length there is does not overflow into the past.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       lab.claim_one("q", Millis::max());
       lab.nothing_claimable("a claim under the longest lease");
       lab.pass(2);
       lab.nothing_claimable("a claim under the longest lease");
     }},
};

}  // namespace

Promises lapse() { return kLapsePromises; }

}  // namespace penstock::conformance::areas
