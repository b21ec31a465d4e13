// Bugs that other queues have had, told as scenes of this contract. tests/README.md has the whole list, with those that
// are not about a backend.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

// A task whose first holder was late, and which a second one holds now.
struct Late {
  Leased first, second;
};
Late taken_over(Lab& lab, std::uint32_t begin = 0, Here here = Here::now()) {
  lab.put("q", here);
  const Leased first = lab.claim_one("q", lab.ticks(2), begin, here);
  lab.pass(3);
  return {first, lab.claim_one("q", kLong, 0, here)};
}

Settlement kept(const Leased& t, State to) {
  Settlement s = Lab::say(t, to);
  s.keep = kKeepForever;
  return s;
}

NewTask unique(Lab& lab, std::string_view key, std::string_view queue = "q") {
  NewTask t = lab.task(queue);
  t.unique = key;
  return t;
}

// What is claimed, in one exchange as `worker`.
Exchanged claim_as(Lab& lab, std::string_view worker, std::uint32_t limit, Millis lease, Here here = Here::now()) {
  const Share share{"q", limit};
  Exchange e;
  e.claim = std::span(&share, 1), e.limit = limit, e.lease = lease, e.worker = worker;
  return lab.exchange(e, here);
}

constexpr Promise kMuseumPromises[] = {
    {"museum.rescue_overwrites_no_completion",
     "A task that its holder completes while others of its lapsed lease are rescued stays completed (River 1302).", 0,
     nullptr,
     [](Lab& lab) {
       lab.put(3);
       const auto held = lab.claim(3, "q", lab.ticks(2));
       lab.pass(3);
       same(lab.claim_one().id, held[0].id, "the task rescued first");
       same(lab.settle(kept(held[1], State::succeeded)), Item::ok, "the completion in between");
       same(ids(lab.claim(5)), {held[2].id}, "the tasks rescued next");
       same(lab.record(held[1]).state, State::succeeded, "the state of the task completed");
     }},

    {"museum.a_full_page_hides_no_task",
     "Lapsed tasks that are not to run, however many, hide none that is (River 1318).", 0, nullptr,
     [](Lab& lab) {
       constexpr std::uint32_t kMany = 150;
       lab.put(kMany);
       std::vector<Leased> unwanted;
       for (std::size_t before = 0; unwanted.size() < kMany; before = unwanted.size()) {
         for (Leased& t : lab.claim(kMany, "q", lab.ticks(2))) unwanted.push_back(std::move(t));
         holds(unwanted.size() > before, "each claim brings some of the tasks that wait");
       }
       for (const Leased& t : unwanted) same(lab.cancel(key(t)), Item::requested, "a cancel");
       lab.put();
       const Leased wanted = lab.claim_one("q", lab.ticks(2));
       lab.pass(3);
       same(lab.claim_one().id, wanted.id, "the task of the next claim");
       same(lab.count(State::cancelled), kMany, "the count of cancelled tasks");
     }},

    {"museum.late_failure_revives_nothing", "A late word of a former holder revives no task that is dead (Oban 532).",
     0, nullptr,
     [](Lab& lab) {
       const Late late = taken_over(lab);
       same(lab.settle(kept(late.second, State::dead)), Item::ok, "the end");
       const std::string before = lab.dump();
       same(lab.settle(late.first, State::ready), Item::lease_lost, "the late retry");
       lab.unchanged(before, "the late retry");
       lab.nothing_claimable("the late retry");
     }},

    {"museum.worker_names_prove_nothing", "A worker of the same name keeps no task of one that died (Oban 862).", 0,
     nullptr,
     [](Lab& lab) {
       lab.put(2);
       const auto died = claim_as(lab, "host-1", 1, lab.ticks(4)).leased;
       const auto reborn = claim_as(lab, "host-1", 1, lab.ticks(4)).leased;
       same(died.size() + reborn.size(), 2u, "tasks claimed");
       lab.pass(3);
       same(lab.extend("q", reborn[0].epoch, lab.ticks(4)).what, Item::ok, "the extension of the second one's lease");
       lab.pass(2);
       same(ids(claim_as(lab, "host-1", 5, lab.ticks(4)).leased), {died[0].id}, "the tasks that lapsed");
     }},

    {"museum.one_conflict_stalls_nobody",
     "A unique key that is taken keeps its own task out, and nothing else of the batch (Oban 1416).", kUnique, nullptr,
     [](Lab& lab) {
       lab.put(unique(lab, "k"));
       const std::vector<NewTask> batch = {lab.task(), unique(lab, "k"), lab.task("other"), unique(lab, "free")};
       const auto answers = lab.enqueue(batch);
       const std::vector<Item> seen = {answers[0].what, answers[1].what, answers[2].what, answers[3].what};
       same(seen, {Item::ok, Item::conflict, Item::ok, Item::ok}, "the answers");
       same(lab.claim(9).size(), 3u, "tasks claimed");
       same(lab.claim(9, "other").size(), 1u, "tasks claimed of the other queue");
     }},

    {"museum.no_task_is_finished_and_failed",
     "Of a success and a failure of one task one counts, in one exchange and in two (Solid Queue 589).", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       const std::vector<Settlement> both = {kept(t, State::succeeded), kept(t, State::dead)};
       Exchange e;
       e.settle = both, e.lease = kLong;
       same(lab.exchange(e).settled, {Item::ok, Item::lease_lost}, "the answers to both");
       const Late late = taken_over(lab);
       same(lab.settle(kept(late.second, State::dead)), Item::ok, "the failure");
       same(lab.settle(kept(late.first, State::succeeded)), Item::lease_lost, "the late success");
       same(lab.count(State::succeeded), 1u, "tasks that have succeeded");
       same(lab.count(State::dead), 1u, "tasks that are dead");
     }},

    {"museum.a_slot_fires_once",
     "Two schedulers that see the same slot due enqueue its task once (Solid Queue e43f204).", kGuard, nullptr,
     [](Lab& lab) {
       const std::vector<NewTask> tasks = lab.tasks(2);
       const Guard slot{"schedule", 0, "12:00"};
       (void)must(lab.store().enqueue(std::span(&tasks[0], 1), &slot), "the first enqueue");
       fails(lab.store().enqueue(std::span(&tasks[1], 1), &slot), Errc::conflict, "the second enqueue");
       same(lab.count(State::ready), 1u, "tasks");
     }},

    {"museum.a_dead_worker_is_noticed",
     "A worker that says nothing any more is noticed by whoever claims next, who is told when (Solid Queue 751).", 0,
     nullptr,
     [](Lab& lab) {
       lab.put(2);
       const auto gone = claim_as(lab, "gone", 2, lab.ticks(3)).leased;
       const Exchanged early = claim_as(lab, "lives", 2, kLong);
       same(early.leased.size(), 0u, "tasks claimed before the lease ends");
       holds(early.next_due && *early.next_due <= lab.ticks(3), "the claimer is told when to come again");
       lab.pass(4);
       same(ids(claim_as(lab, "lives", 2, kLong).leased), ids(gone), "the tasks of the worker that is gone");
     }},

    {"museum.no_ghost_holds_a_key",
     "A task whose worker died holds its unique key until it ends, and nothing holds it then (BullMQ 3253).", kUnique,
     nullptr,
     [](Lab& lab) {
       const NewTask t = unique(lab, "k");
       lab.put(t);
       for (int i = 0; i < 3; ++i) {
         same(lab.claim_one("q", lab.ticks(2)).id, t.key.id, "the task");
         same(lab.enqueue(unique(lab, "k")), Item::conflict, "another task with the key");
         lab.pass(3);
       }
       same(lab.settle(lab.claim_one(), State::dead), Item::ok, "the end");
       same(lab.enqueue(unique(lab, "k")), Item::ok, "another task with the key, after the end");
     }},

    {"museum.slow_worker_completes_nothing_twice",
     "Of a slow worker and of the one that took over, one completes the task (Bull 308).", 0, nullptr,
     [](Lab& lab) {
       const Late late = taken_over(lab, 1);
       same(late.second.id, late.first.id, "the task");
       same(lab.settle(kept(late.first, State::succeeded)), Item::lease_lost, "the slow one's completion");
       same(lab.record(late.first).state, State::leased, "the state then");
       same(lab.settle(kept(late.second, State::succeeded)), Item::ok, "the other one's completion");
       same(lab.settle(kept(late.first, State::succeeded)), Item::lease_lost, "the slow one's completion, sent again");
       same(lab.count(State::succeeded), 1u, "tasks that have succeeded");
     }},

    {"museum.start_takes_no_live_task",
     "A worker that has just started takes no task of one that lives (Sidekiq 4611).", 0, nullptr,
     [](Lab& lab) {
       const Leased live = lab.leased();
       if (lab.harness().shared) {
         const auto started = lab.another();
         const Share share{"q", 9};
         Exchange e;
         e.claim = std::span(&share, 1), e.limit = 9, e.lease = kLong, e.worker = "started";
         same(must(started->exchange(e), "exchange").leased.size(), 0u, "tasks claimed through another object");
       }
       same(claim_as(lab, "started", 9, kLong).leased.size(), 0u, "tasks claimed");
       same(lab.settle(live, State::succeeded), Item::ok, "the completion");
     }},

    {"museum.done_is_done",
     "A task that is done is never offered again, whatever lapses or is trimmed later (Sidekiq 3298).", 0, nullptr,
     [](Lab& lab) {
       lab.put(2);
       const auto t = lab.claim(2, "q", lab.ticks(2));
       same(lab.settle(t[0], State::succeeded), Item::ok, "the completion");
       lab.pass(3);
       same(ids(lab.claim(9)), {t[1].id}, "the tasks offered after the lease");
       Retention all;
       all.queue = "q", all.state = State::succeeded, all.at_most = 100;
       lab.trim(all);
       lab.nothing_claimable("a trim");
       if (!lab.harness().survives_reopen) return;
       lab.reopen();
       lab.nothing_claimable("opening the store again");
     }},

    {"museum.push_sent_again_is_one_task",
     "An enqueue whose answer was lost can be sent again at any time of the task's life (Sidekiq 6770).", 0, nullptr,
     [](Lab& lab) {
       const NewTask t = lab.task();
       lab.put(t);
       same(lab.enqueue(t), Item::exists, "the same again, while it waits");
       const Leased held = lab.claim_one();
       same(lab.enqueue(t), Item::exists, "the same again, while it runs");
       same(lab.settle(held, State::succeeded), Item::ok, "the completion");
       same(lab.enqueue(t), Item::exists, "the same again, after its end");
       lab.nothing_claimable("all of these");
     }},

    {"museum.crashes_add_up_across_lapses",
     "Crashes that are charged with marks add up over any number of workers that die (Sidekiq 4633).", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       for (std::uint32_t crashes = 0; crashes < 4; ++crashes) {
         const Leased t = lab.claim_one("q", lab.ticks(2));
         same(t.crashes, crashes, "the crashes handed out");
         Settlement mark = lab.say(t, State::leased);
         mark.charge = Charge::crash;
         same(lab.settle(mark), Item::ok, "the mark");
         lab.pass(3);
       }
     }},

    {"museum.neighbours_are_told_apart",
     "Of tasks leased together the one that had begun is told from those that had not (RabbitMQ website 2207).", 0,
     nullptr,
     [](Lab& lab) {
       lab.put(5);
       const auto t = lab.claim(5, "q", lab.ticks(3));
       same(lab.settle(t[2], State::leased), Item::ok, "the begun mark");
       lab.pass(4);
       const auto again = lab.claim(5);
       same(ids(again), ids(t), "the tasks");
       for (std::size_t i = 0; i < 5; ++i) {
         same(again[i].begun, i == 2, "begun of task " + text(i));
         same(again[i].crashes, 0u, "the crashes of task " + text(i));
       }
     }},

    {"museum.a_queue_outlives_all_of_its_holders",
     "When every holder times out at once the queue goes on, with old tasks and new ones (RabbitMQ 17317).", 0, nullptr,
     [](Lab& lab) {
       auto sent = lab.put(4);
       for (int i = 0; i < 4; ++i) lab.claim_one("q", lab.ticks(2));
       lab.pass(3);
       for (TaskId& id : lab.put(2)) sent.push_back(id);
       const auto got = lab.claim(9);
       same(ids(got), sent, "the tasks");
       for (const Leased& t : got) same(lab.settle(t, State::succeeded), Item::ok, "a completion");
     }},

    {"museum.long_delay_is_no_lapse",
     "A task that waits longer than any lease, at first or for a retry, runs once (kombu 337).", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.delay = lab.ticks(7);
       lab.put(t);
       for (int round = 0; round < 2; ++round) {
         for (int i = 0; i < 2; ++i) {
           same(lab.claim(9, "q", lab.ticks(2)).size(), 0u, "tasks claimed before the time");
           lab.pass(3);
         }
         lab.pass(2);
         const Leased held = lab.claim_one();
         same(held.lapsed, false, "lapsed");
         lab.nothing_claimable("the claim");
         Settlement s = lab.say(held, State::ready);
         s.delay = lab.ticks(7), s.charge = Charge::failure;
         same(lab.settle(s), Item::ok, "the retry");
       }
       same(lab.count(State::scheduled), 1u, "tasks that wait");
     }},

    {"museum.expiry_buries_nobody",
     "Leases that end, however many, are no reason for a store to give a task up (Faktory 409).", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       for (int i = 0; i < 6; ++i) {  // more than any store would forgive that counted them
         lab.claim_one("q", lab.ticks(2), 1);
         lab.pass(3);
       }
       const Leased last = lab.claim_one();
       same(last.failures + last.crashes, 0u, "the failures and crashes");
       same(lab.count(State::dead), 0u, "dead tasks");
     }},
};

}  // namespace

Promises museum() { return kMuseumPromises; }

}  // namespace penstock::conformance::areas
