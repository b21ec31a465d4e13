// Claiming: what is handed out, how much of it, from which queues, and under which epoch.
#include <algorithm>

#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

Exchanged claim_from(Lab& lab, std::vector<Share> shares, std::uint32_t limit, Here here = Here::now()) {
  Exchange e;
  e.claim = shares;
  e.limit = limit;
  e.lease = kLong;
  e.worker = "lab";
  return lab.exchange(e, here);
}

std::size_t from(const Exchanged& answer, std::string_view queue) {
  return static_cast<std::size_t>(
      std::count_if(answer.leased.begin(), answer.leased.end(), [&](const Leased& t) { return t.queue == queue; }));
}

void near(const std::optional<Millis>& seen, Millis expected, Lab& lab, Here here = Here::now()) {
  holds(seen.has_value(), "a next_due", here);
  const bool close = *seen <= expected + lab.properties().time_step && *seen >= expected - lab.harness().tick;
  holds(close, "a next_due near " + text(expected) + ", not " + text(*seen), here);
}

void refused(Lab& lab, const Exchange& e, const char* what, Here here = Here::now()) {
  const std::string before = lab.dump();
  fails(lab.store().exchange(e), Errc::invalid, what, here);
  lab.unchanged(before, what, here);
}

constexpr Promise kClaimPromises[] = {
    {"claim.hands_out_the_whole_task",
     "A claimed task carries its queue, id, kind, body, priority and weight, and nothing counts against it yet.", 0,
     nullptr,
     [](Lab& lab) {
       NewTask t = lab.task("mail");
       t.kind = "send", t.body = "to: you", t.priority = 3, t.weight = 4;
       lab.put(t);
       const Leased got = lab.claim_one("mail");
       same(got.queue, "mail", "the queue");
       same(got.id, t.key.id, "the id");
       same(got.kind, "send", "the kind");
       same(got.body, "to: you", "the body");
       same(got.note, "", "the note");
       same(got.priority, 3, "the priority");
       same(got.weight, 4, "the weight");
       same(got.failures, 0u, "the failures");
       same(got.crashes, 0u, "the crashes");
       same(got.lapsed, false, "lapsed");
       same(got.begun, false, "begun");
     }},

    {"claim.epoch_is_never_zero", "A claimed task has an epoch above 0, the same on its record, which is leased.", 0,
     nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       holds(t.epoch > 0, "an epoch above 0");
       same(lab.record(t).epoch, t.epoch, "the epoch on record");
       same(lab.record(t).state, State::leased, "the state");
     }},

    {"claim.empty_queue_gives_nothing", "A queue without tasks, or never heard of, gives nothing, and is no error.", 0,
     nullptr,
     [](Lab& lab) {
       same(lab.claim(10, "never-heard-of").size(), 0u, "tasks of an unknown queue");
       lab.ended(State::succeeded);
       same(lab.claim(10).size(), 0u, "tasks of a queue that is done");
     }},

    {"claim.gives_a_task_once", "A task under a lease is not offered again.", 0, nullptr,
     [](Lab& lab) {
       lab.leased();
       for (int i = 0; i < lab.harness().repeat; ++i) lab.nothing_claimable("a claim");
     }},

    {"claim.takes_only_from_the_queues_named", "Tasks of other queues are not touched.", 0, nullptr,
     [](Lab& lab) {
       lab.put("a");
       const TaskKey b = lab.put("b");
       same(lab.claim(10, "a").size(), 1u, "tasks of queue a");
       same(lab.record(b).state, State::ready, "the state of the task in queue b");
     }},

    {"claim.stops_at_the_limit", "No more tasks are claimed than the limit, and the rest stays ready.", 0, nullptr,
     [](Lab& lab) {
       lab.put(5);
       same(claim_from(lab, {{"q", 9}}, 3).leased.size(), 3u, "tasks claimed with limit 3");
       same(lab.count(State::ready), 2u, "tasks still ready");
       same(lab.count(State::leased), 3u, "tasks leased");
     }},

    {"claim.limit_zero_claims_nothing", "An exchange with limit 0 claims nothing.", 0, nullptr,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       same(claim_from(lab, {{"q", 5}}, 0).leased.size(), 0u, "tasks claimed");
       same(lab.record(k).state, State::ready, "the state");
     }},

    {"claim.gives_what_there_is", "A claim for more than there is gives all there is.", 0, nullptr,
     [](Lab& lab) {
       const auto sent = lab.put(3);
       same(ids(lab.claim(100)), sent, "the tasks claimed");
     }},

    {"claim.quotas_come_first", "Each share gives up to its quota, in the order of the shares, before any gives more.",
     0, nullptr,
     [](Lab& lab) {
       lab.put(5, "a"), lab.put(5, "b"), lab.put(5, "c");
       const Exchanged got = claim_from(lab, {{"a", 2}, {"b", 1}, {"c", 3}}, 6);
       same(from(got, "a"), 2u, "tasks of a, quota 2");
       same(from(got, "b"), 1u, "tasks of b, quota 1");
       same(from(got, "c"), 3u, "tasks of c, quota 3");
     }},

    {"claim.early_shares_come_first", "When the limit is less than the quotas, the first shares are served.", 0,
     nullptr,
     [](Lab& lab) {
       lab.put(5, "a"), lab.put(5, "b");
       const Exchanged got = claim_from(lab, {{"b", 3}, {"a", 3}}, 4);
       same(from(got, "b"), 3u, "tasks of b, the first share");
       same(from(got, "a"), 1u, "tasks of a, the second share");
     }},

    {"claim.room_left_is_filled",
     "Room that the quotas leave is filled from the shares in order, without their quotas.", 0, nullptr,
     [](Lab& lab) {
       lab.put(5, "a"), lab.put(5, "b"), lab.put(5, "c");
       const Exchanged got = claim_from(lab, {{"a", 2}, {"b", 1}, {"c", 0}}, 9);
       same(got.leased.size(), 9u, "tasks claimed");
       same(from(got, "a"), 5u, "tasks of a");
       same(from(got, "b"), 4u, "tasks of b");
       same(from(got, "c"), 0u, "tasks of c");
     }},

    {"claim.empty_shares_leave_room", "A queue with nothing to give leaves its quota to the others.", 0, nullptr,
     [](Lab& lab) {
       lab.put(5, "b");
       const Exchanged got = claim_from(lab, {{"a", 4}, {"b", 1}}, 5);
       same(from(got, "b"), 5u, "tasks of b");
     }},

    {"claim.quota_zero_gives_only_what_is_left", "A share of quota 0 gives tasks only when the others leave room.", 0,
     nullptr,
     [](Lab& lab) {
       lab.put(1, "a"), lab.put(5, "low");
       const Exchanged got = claim_from(lab, {{"low", 0}, {"a", 1}}, 3);
       same(from(got, "a"), 1u, "tasks of a");
       same(from(got, "low"), 2u, "tasks of the share with quota 0");
     }},

    {"claim.one_epoch_per_queue",
     "All tasks that one exchange claims from one queue share one epoch, also those beyond the quota.", 0, nullptr,
     [](Lab& lab) {
       lab.put(6, "a"), lab.put(6, "b");
       const Exchanged got = claim_from(lab, {{"a", 2}, {"b", 2}}, 10);
       for (std::string_view queue : {"a", "b"}) {
         std::set<Epoch> epochs;
         for (const Leased& t : got.leased)
           if (t.queue == queue) epochs.insert(t.epoch);
         same(epochs.size(), 1u, "the number of epochs of queue " + std::string(queue));
       }
     }},

    {"claim.epochs_only_rise",
     "Each claim from a queue has a higher epoch than all before it, whatever happened to their tasks.", 0, nullptr,
     [](Lab& lab) {
       Epoch last = 0;
       for (int i = 0; i < lab.harness().repeat; ++i) {
         const Leased t = lab.leased();
         holds(t.epoch > last, "an epoch above " + text(last) + ", not " + text(t.epoch));
         last = t.epoch;
         const State to = i % 2 ? State::succeeded : State::dead;
         same(lab.settle(t, to), Item::ok, "the settlement");
       }
     }},

    {"claim.begin_marks_the_first", "Of the tasks claimed, the first `begin` are marked begun, and no others.", 0,
     nullptr,
     [](Lab& lab) {
       lab.put(4);
       const auto got = lab.claim(4, "q", kLong, 2);
       for (std::size_t i = 0; i < 4; ++i) {
         same(got[i].begun, i < 2, "begun of task " + text(i));
         same(lab.record(got[i]).begun, i < 2, "begun on the record of task " + text(i));
       }
     }},

    {"claim.begin_beyond_the_claim", "A `begin` larger than the number of tasks marks them all.", 0, nullptr,
     [](Lab& lab) {
       lab.put(2);
       for (const Leased& t : lab.claim(2, "q", kLong, 50)) same(t.begun, true, "begun");
     }},

    {"claim.begin_passes_over_crashed_tasks", "Tasks that have crashed are not marked by `begin`; the next ones are.",
     0, nullptr,
     [](Lab& lab) {
       lab.put(3);
       Leased first = lab.claim_one();
       Settlement s = lab.say(first, State::ready);
       s.charge = Charge::crash;
       same(lab.settle(s), Item::ok, "the settlement that charges a crash");
       const auto got = lab.claim(3, "q", kLong, 1);
       same(got.size(), 3u, "tasks claimed");
       same(got[0].id, first.id, "the first task");
       same(got[0].begun, false, "begun of the crashed task");
       same(got[1].begun, true, "begun of the task after it");
       same(got[2].begun, false, "begun of the last task");
     }},

    {"claim.failed_tasks_are_marked_by_begin", "A task that has only failed is marked by `begin` like a new one.", 0,
     nullptr,
     [](Lab& lab) {
       Leased t = lab.leased();
       Settlement s = lab.say(t, State::ready);
       s.charge = Charge::failure;
       same(lab.settle(s), Item::ok, "the settlement that charges a failure");
       same(lab.claim_one("q", kLong, 1).begun, true, "begun");
     }},

    {"claim.a_retry_is_not_begun", "A task that was begun and given back is not begun when it is claimed again.", 0,
     nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", kLong, 1);
       same(lab.settle(t, State::ready), Item::ok, "the retry");
       same(lab.record(t).begun, false, "begun on the record of a ready task");
       const Leased again = lab.claim_one();
       same(again.begun, false, "begun");
       same(again.lapsed, false, "lapsed");
     }},

    {"claim.sees_the_settlements_of_its_exchange",
     "Settlements come before claims: a task given back can be claimed in the same exchange.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       const Settlement s = lab.say(t, State::ready);
       const Share share{"q", 1};
       Exchange e;
       e.settle = std::span(&s, 1), e.claim = std::span(&share, 1), e.limit = 1, e.lease = kLong;
       const Exchanged got = lab.exchange(e);
       same(got.settled[0], Item::ok, "the settlement");
       same(got.leased.size(), 1u, "tasks claimed");
       same(got.leased[0].id, t.id, "the task claimed");
       holds(got.leased[0].epoch > t.epoch, "a higher epoch");
     }},

    {"claim.not_before_the_due_date", "A scheduled task is offered when its date has come, and not before.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.due = lab.wall() + lab.ticks(4);
       lab.put(t);
       lab.pass(2);
       lab.nothing_claimable("a claim before the due date");
       lab.pass(3);
       same(lab.claim_one().id, t.key.id, "the task claimed after its due date");
     }},

    {"claim.not_before_the_delay_is_over", "A delayed task is offered when its delay is over, and not before.", 0,
     nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.delay = lab.ticks(4);
       lab.put(t);
       lab.pass(2);
       lab.nothing_claimable("a claim within the delay");
       lab.pass(3);
       same(lab.claim_one().id, t.key.id, "the task claimed after its delay");
     }},

    {"claim.promotes_what_is_due", "Claiming from a queue makes its due tasks ready, also those it does not take.", 0,
     nullptr,
     [](Lab& lab) {
       for (int i = 0; i < 3; ++i) {
         NewTask t = lab.task();
         t.delay = lab.ticks(i < 2 ? 1 : 50);
         lab.put(t);
       }
       same(lab.count(State::scheduled), 3u, "scheduled tasks before");
       lab.pass(2);
       lab.claim_one();
       same(lab.count(State::leased), 1u, "leased tasks");
       same(lab.count(State::ready), 1u, "ready tasks");
       same(lab.count(State::scheduled), 1u, "scheduled tasks");
     }},

    {"claim.next_due_is_absent_when_nothing_comes",
     "Without tasks waiting for a date or under a lease, there is no next_due.", 0, nullptr,
     [](Lab& lab) {
       lab.ended(State::succeeded);
       same(claim_from(lab, {{"q", 1}}, 1).next_due, std::nullopt, "next_due");
       same(claim_from(lab, {{"never-heard-of", 1}}, 1).next_due, std::nullopt, "next_due of an unknown queue");
     }},

    {"claim.next_due_is_zero_at_the_limit", "When the claim stopped at its limit and more is there, next_due is 0.", 0,
     nullptr,
     [](Lab& lab) {
       lab.put(3);
       const auto next = claim_from(lab, {{"q", 2}}, 2).next_due;
       holds(next.has_value(), "a next_due");
       same(*next, Millis(0), "next_due");
     }},

    {"claim.next_due_tells_the_next_date",
     "After a claim that found too little, next_due is the time until the next due date.", 0, nullptr,
     [](Lab& lab) {
       for (int n : {12, 5, 20}) {
         NewTask t = lab.task();
         t.delay = lab.ticks(n);
         lab.put(t);
       }
       near(claim_from(lab, {{"q", 1}}, 1).next_due, lab.ticks(5), lab);
     }},

    {"claim.next_due_tells_the_next_end_of_a_lease",
     "After a claim that found too little, next_due is the time until the next lease ends.", 0, nullptr,
     [](Lab& lab) {
       lab.put(2);
       lab.claim(1, "q", lab.ticks(15)), lab.claim(1, "q", lab.ticks(6));
       near(claim_from(lab, {{"q", 1}}, 1).next_due, lab.ticks(6), lab);
     }},

    {"claim.next_due_counts_its_own_leases",
     "A claim that takes less than its limit counts the lease that it just took.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Share share{"q", 5};
       Exchange e;
       e.claim = std::span(&share, 1), e.limit = 5, e.lease = lab.ticks(7);
       near(lab.exchange(e).next_due, lab.ticks(7), lab);
     }},

    {"claim.next_due_is_the_earliest_of_all",
     "next_due looks at dates and leases of all queues claimed from, and at no others.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task("a");
       t.delay = lab.ticks(14);
       lab.put(t);
       t = lab.task("other"), t.delay = lab.ticks(2);
       lab.put(t);
       lab.put("b");
       lab.claim_one("b", lab.ticks(9));
       near(claim_from(lab, {{"a", 1}, {"b", 1}}, 2).next_due, lab.ticks(9), lab);
       near(claim_from(lab, {{"a", 1}}, 2).next_due, lab.ticks(14), lab);
     }},

    {"claim.queue_named_twice_is_invalid", "Naming a queue twice in one exchange is Errc::invalid and changes nothing.",
     0, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 2, "a max_batch of at least 2");
       lab.put(3);
       const std::vector<Share> twice = {{"q", 1}, {"q", 1}};
       Exchange e;
       e.claim = twice, e.limit = 2, e.lease = kLong;
       refused(lab, e, "a queue named twice");
     }},

    {"claim.lease_below_one_ms_is_invalid", "A claim with a lease of 0 or less is Errc::invalid and changes nothing.",
     0, nullptr,
     [](Lab& lab) {
       lab.put(3);
       const Share share{"q", 1};
       for (Millis lease : {Millis(0), Millis(-1), Millis::min()}) {
         Exchange e;
         e.claim = std::span(&share, 1), e.limit = 1, e.lease = lease;
         refused(lab, e, "a claim with a lease below 1 ms");
       }
     }},

    {"claim.an_invalid_exchange_settles_nothing", "When an exchange is Errc::invalid, its settlements did not happen.",
     0, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 2, "a max_batch of at least 2");
       const Leased t = lab.leased();
       const Settlement s = lab.say(t, State::succeeded);
       const std::vector<Share> twice = {{"q", 1}, {"q", 1}};
       Exchange e;
       e.settle = std::span(&s, 1), e.claim = twice, e.limit = 2, e.lease = kLong;
       refused(lab, e, "an exchange that names a queue twice");
       same(lab.settle(s), Item::ok, "the settlement sent again alone");
     }},

    {"claim.any_worker_name_is_taken", "The worker's name is for people: any text will do, also none.", 0, nullptr,
     [](Lab& lab) {
       const std::string long_name(4'000, 'w');
       for (std::string_view worker :
            {std::string_view(), std::string_view("a b\n'\"\0c", 8), std::string_view(long_name)}) {
         lab.put();
         const Share share{"q", 1};
         Exchange e;
         e.claim = std::span(&share, 1), e.limit = 1, e.lease = kLong, e.worker = worker;
         same(lab.exchange(e).leased.size(), 1u, "tasks claimed by worker " + text(worker));
       }
     }},
};

}  // namespace

Promises claim() { return kClaimPromises; }

}  // namespace penstock::conformance::areas
