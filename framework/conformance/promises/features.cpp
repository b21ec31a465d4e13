// What is owed by backends that list a feature: limits, guards, children, dependencies.
#include <atomic>

#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

NewTask limited(Lab& lab, std::uint64_t limit) {
  NewTask t = lab.task();
  t.queue_limit = limit;
  return t;
}

Errc guarded(Lab& lab, const NewTask& t, const Guard& g) {  // Errc{} when it was accepted
  const auto answer = lab.store().enqueue(std::span(&t, 1), &g);
  return answer ? Errc{} : answer.error().code;
}

Settlement with_children(const Leased& t, State to, const std::vector<NewTask>& children) {
  Settlement s = Lab::say(t, to);
  s.children = children;
  return s;
}

constexpr Promise kFeaturesPromises[] = {
    // kLimit
    {"limit.refuses_what_does_not_fit",
     "An enqueue into a queue that is at its limit is answered full and leaves nothing behind.", kLimit, nullptr,
     [](Lab& lab) {
       for (int i = 0; i < 3; ++i) lab.put(limited(lab, 3));
       const NewTask t = limited(lab, 3);
       for (int i = 0; i < lab.harness().repeat; ++i) same(lab.enqueue(t), Item::full, "the enqueue of one too many");
       holds(!lab.get(t.key), "no record of the refused task");
       same(lab.enqueue(limited(lab, 4)), Item::ok, "an enqueue with a higher limit");
       same(lab.enqueue(lab.task()), Item::ok, "an enqueue without a limit");
     }},

    {"limit.counts_waiting_tasks", "The limit counts ready and scheduled tasks; leased and ended ones leave room.",
     kLimit, nullptr,
     [](Lab& lab) {
       NewTask later = limited(lab, 2);
       later.delay = lab.ticks(50);
       lab.put(later), lab.put(limited(lab, 2));
       same(lab.enqueue(limited(lab, 2)), Item::full, "an enqueue at the limit");
       const Leased t = lab.claim_one();
       same(lab.enqueue(limited(lab, 2)), Item::ok, "an enqueue after a claim");
       lab.finish(t, State::dead, kKeepForever);
       same(lab.enqueue(limited(lab, 2)), Item::full, "an enqueue at the limit again");
       same(lab.cancel(later.key), Item::ok, "a cancel");
       same(lab.enqueue(limited(lab, 2)), Item::ok, "an enqueue after a cancel");
     }},

    {"limit.within_a_batch", "Items of a batch count against the limit as they come: the first fit, the rest is full.",
     kLimit, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 4, "a max_batch of at least 4");
       const std::vector<NewTask> batch = {limited(lab, 2), limited(lab, 2), limited(lab, 2), limited(lab, 2)};
       const Item expected[] = {Item::ok, Item::ok, Item::full, Item::full};
       const auto answers = lab.enqueue(batch);
       for (std::size_t i = 0; i < 4; ++i) same(answers[i].what, expected[i], "answer " + text(i));
     }},

    {"limit.does_not_refuse_repeats", "A task that is there already is answered exists, also when the queue is full.",
     kLimit, nullptr,
     [](Lab& lab) {
       NewTask t = limited(lab, 1);
       lab.put(t);
       same(lab.enqueue(t), Item::exists, "the enqueue again");
       t.body = "another body";
       same(lab.enqueue(t), Item::conflict, "the enqueue of another body");
     }},

    {"limit.is_per_queue", "Tasks of other queues do not count against the limit.", kLimit, nullptr,
     [](Lab& lab) {
       lab.put(5, "other");
       same(lab.enqueue(limited(lab, 1)), Item::ok, "the enqueue");
     }},

    {"limit.does_not_hold_back_retries", "A task given back returns to its queue, however full.", kLimit, nullptr,
     [](Lab& lab) {
       lab.put(limited(lab, 1));
       const Leased t = lab.claim_one();
       lab.put(limited(lab, 1));
       same(lab.settle(t, State::ready), Item::ok, "the retry");
       same(lab.count(State::ready), 2u, "ready tasks");
     }},

    // kGuard
    {"guard.lets_the_first_in", "A guard for a document that does not exist yet lets the batch in, once.", kGuard,
     nullptr,
     [](Lab& lab) {
       const Guard g{"slot", 0, "value"};
       const NewTask a = lab.task(), b = lab.task();
       same(guarded(lab, a, g), Errc{}, "the first enqueue");
       same(guarded(lab, b, g), Errc::conflict, "the second enqueue");
       same(lab.record(a.key).state, State::ready, "the state of the first task");
       holds(!lab.get(b.key), "no record of the second task");
     }},

    {"guard.wrong_revision_keeps_the_batch_out",
     "A guard at a revision that the document is not at is Errc::conflict; nothing is enqueued.", kGuard, nullptr,
     [](Lab& lab) {
       lab.put();
       const std::string before = lab.dump();
       for (std::uint64_t revision : {std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{INT64_MAX}})
         same(guarded(lab, lab.task(), {"slot", revision, "value"}), Errc::conflict,
              "an enqueue at revision " + text(revision));
       lab.unchanged(before, "a refused batch");
     }},

    {"guard.documents_are_apart", "Guards of different documents do not disturb each other.", kGuard, nullptr,
     [](Lab& lab) {
       same(guarded(lab, lab.task(), {"one", 0, "value"}), Errc{}, "the guard of document one");
       same(guarded(lab, lab.task(), {"two", 0, "value"}), Errc{}, "the guard of document two");
     }},

    {"guard.sets_the_document",
     "A guarded enqueue sets the document to the guard's value, and its revision admits the next.", kGuard,
     kRegistryCap,
     [](Lab& lab) {
       const std::string value("a\0b\xff", 4);
       same(guarded(lab, lab.task(), {"slot", 0, value}), Errc{}, "the first guarded enqueue");
       auto docs = must(lab.cap<Registry>().list("slot"), "list");
       same(docs.size(), 1u, "documents");
       same(docs[0].value, value, "the value");
       same(guarded(lab, lab.task(), {"slot", docs[0].revision, "next"}), Errc{}, "the second guarded enqueue");
       same(guarded(lab, lab.task(), {"slot", docs[0].revision, "late"}), Errc::conflict,
            "a guard at the old revision");
       docs = must(lab.cap<Registry>().list("slot"), "list");
       same(docs.at(0).value, "next", "the value");
     }},

    {"guard.sees_what_put_did", "A document set by Registry::put guards enqueues at its revision.", kGuard,
     kRegistryCap,
     [](Lab& lab) {
       const std::uint64_t revision = must(lab.cap<Registry>().put({"slot", "value", 0}), "put");
       same(guarded(lab, lab.task(), {"slot", 0, "x"}), Errc::conflict, "a guard at revision 0");
       same(guarded(lab, lab.task(), {"slot", revision, "x"}), Errc{}, "a guard at the revision of put");
     }},

    {"guard.one_of_many_wins", "Of many guarded enqueues at once exactly one is let in: a slot fires once.", kGuard,
     nullptr,
     [](Lab& lab) {
       std::vector<NewTask> tasks = lab.tasks(static_cast<std::size_t>(lab.harness().threads));
       const std::vector<std::string> slots = {"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"};
       std::atomic<int> won{0}, odd{0};
       DurableBackend& store = lab.store();
       Lab::together(lab.harness().threads, [&](int i) {
         NewTask t = tasks[static_cast<std::size_t>(i)];
         for (std::size_t s = 0; s < slots.size(); ++s) {
           t.key.id.bytes[0] = static_cast<unsigned char>(s);
           const Guard g{slots[s], 0, "fired"};
           const auto answer = store.enqueue(std::span(&t, 1), &g);
           if (answer) ++won;
           if (!answer && answer.error().code != Errc::conflict) ++odd;
         }
       });
       same(won.load(), 8, "the number of winners of 8 slots");
       same(odd.load(), 0, "answers other than success and conflict");
       same(lab.count(State::ready), 8u, "tasks let in");
     }},

    // kChildren
    {"children.come_with_the_settlement", "Children are enqueued when the settlement is accepted, whatever it says.",
     kChildren, nullptr,
     [](Lab& lab) {
       for (State to : {State::leased, State::ready, State::succeeded, State::dead, State::cancelled}) {
         const Leased t = lab.leased();
         std::vector<NewTask> children = lab.tasks(2);
         children[1].delay = lab.ticks(50);
         same(lab.settle(with_children(t, to, children)), Item::ok, "a settlement to " + text(to));
         same(lab.record(children[0].key).state, State::ready, "the state of a child");
         same(lab.record(children[1].key).state, State::scheduled, "the state of a delayed child");
         for (const NewTask& c : children) lab.cancel(c.key);
         lab.cancel(key(t));
       }
     }},

    {"children.stay_out_when_the_lease_is_lost", "No child of a settlement that is not accepted comes into being.",
     kChildren, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased was = lab.claim_one("q", lab.ticks(1));
       lab.pass(3);
       lab.claim_one();
       const std::vector<NewTask> children = lab.tasks(2);
       const std::string before = lab.dump();
       same(lab.settle(with_children(was, State::succeeded, children)), Item::lease_lost, "the stale settlement");
       holds(!lab.get(children[0].key), "no record of a child");
       same(lab.count(State::ready), 0u, "ready tasks");
     }},

    {"children.come_once",
     "A settlement sent again does not enqueue its children again, also not when they have ended.", kChildren, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       const std::vector<NewTask> children = lab.tasks(2);
       const Settlement s = with_children(t, State::succeeded, children);
       same(lab.settle(s), Item::ok, "the settlement");
       lab.finish(lab.claim_one(), State::succeeded, Millis(0));
       const std::string before = lab.dump();
       for (int i = 0; i < lab.harness().repeat; ++i) same(lab.settle(s), Item::ok, "the settlement again");
       lab.unchanged(before, "the settlement again");
     }},

    {"children.leave_existing_tasks_alone", "A child whose id exists is left alone, and the settlement is accepted.",
     kChildren, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       NewTask there = lab.task();
       there.body = "first";
       lab.put(there);
       there.body = "second";
       same(lab.settle(with_children(t, State::succeeded, {there, lab.task()})), Item::ok, "the settlement");
       same(lab.record(there.key).body, "first", "the body of the task that was there");
       same(lab.count(State::ready), 2u, "ready tasks");
     }},

    {"children.invalid_child_refuses_the_settlement",
     "One invalid child makes the settlement invalid: nothing happens to parent or children.", kChildren, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       std::vector<NewTask> bad = lab.tasks(4);
       bad[0].weight = 0, bad[1].kind = "a bad kind", bad[2].delay = Millis(-1);
       bad[3].kind = "";
       const std::string before = lab.dump();
       for (const NewTask& child : bad) {
         const std::vector<NewTask> children = {lab.task(), child};
         same(lab.settle(with_children(t, State::succeeded, children)), Item::invalid, "the settlement");
         holds(!lab.get(children[0].key), "no record of the valid child");
       }
       same(lab.record(t).state, State::leased, "the state of the parent");
       same(lab.settle(t, State::succeeded), Item::ok, "the settlement without children");
     }},

    {"children.are_not_limited", "A queue limit does not keep children out.", kChildren | kLimit, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       lab.put(3);
       const std::vector<NewTask> children = {limited(lab, 1)};
       same(lab.settle(with_children(t, State::succeeded, children)), Item::ok, "the settlement");
       same(lab.record(children[0].key).state, State::ready, "the state of the child");
     }},

    {"children.can_be_claimed_at_once", "Children are there for the claim of the same exchange.", kChildren, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       const std::vector<NewTask> children = lab.tasks(1);
       const Settlement s = with_children(t, State::succeeded, children);
       const Share share{"q", 1};
       Exchange e;
       e.settle = std::span(&s, 1), e.claim = std::span(&share, 1), e.limit = 1, e.lease = kLong;
       same(ids(lab.exchange(e).leased), {children[0].key.id}, "the tasks claimed");
     }},

    {"children.of_a_task_asked_to_stop",
     "A retry answered requested is an accepted settlement: its children come into being.", kChildren, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(lab.cancel(key(t)), Item::requested, "the cancel");
       const std::vector<NewTask> children = lab.tasks(1);
       same(lab.settle(with_children(t, State::ready, children)), Item::requested, "the retry");
       same(lab.record(children[0].key).state, State::ready, "the state of the child");
     }},

    // kAfter
    {"after.waits_for_the_other_task",
     "A task after another is held, is not offered, and runs when the other has succeeded.", kAfter, nullptr,
     [](Lab& lab) {
       const TaskKey first = lab.put();
       NewTask second = lab.task();
       second.after = std::span(&first, 1);
       lab.put(second);
       same(lab.record(second.key).state, State::held, "the state of the second task");
       const Leased t = lab.claim_one();
       same(t.id, first.id, "the task claimed");
       lab.nothing_claimable("a claim of the first task");
       lab.finish(t, State::succeeded, Millis(0));
       same(lab.claim_one().id, second.key.id, "the task claimed after the first succeeded");
     }},

    {"after.held_tasks_can_be_cancelled", "Cancelling a held task is ok: it never runs.", kAfter, nullptr,
     [](Lab& lab) {
       const TaskKey first = lab.put();
       NewTask second = lab.task();
       second.after = std::span(&first, 1);
       lab.put(second);
       same(lab.cancel(second.key), Item::ok, "the cancel");
       lab.finish(lab.claim_one(), State::succeeded, Millis(0));
       lab.nothing_claimable("a cancel of a held task");
     }},
};

}  // namespace

Promises features() { return kFeaturesPromises; }

}  // namespace penstock::conformance::areas
