// Capability Waiter: nobody who waits misses what he waits for.
#include <atomic>
#include <chrono>
#include <thread>

#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

std::uint64_t wait(Lab& lab, std::uint64_t bell, Millis at_most, Here here = Here::now()) {
  return must(lab.cap<Waiter>(here).wait(bell, at_most), "wait", here);
}

// A claim that finds too little, and so arms the bell.
std::uint64_t arm(Lab& lab, std::span<const Settlement> settle = {}, Here here = Here::now()) {
  const Share share{"q", 100};
  Exchange e;
  e.settle = settle;
  e.claim = std::span(&share, 1), e.limit = 100, e.lease = kLong;
  return lab.exchange(e, here).bell;
}

// The bell has changed since `bell`, and a wait tells so long before its time is over.
void rung(Lab& lab, std::uint64_t bell, std::string_view by, Here here = Here::now()) {
  const auto start = std::chrono::steady_clock::now();
  const std::uint64_t now = wait(lab, bell, lab.harness().patience, here);
  holds(now != bell, "a ring by " + std::string(by), here);
  holds(std::chrono::steady_clock::now() - start < lab.harness().patience / 2, "a ring at once by " + std::string(by),
        here);
}

constexpr Promise kWaiterPromises[] = {
    {"waiter.quiet_store_does_not_ring",
     "While nothing happens, a wait returns when its time has passed, with the bell unchanged.", 0, kWaiterCap,
     [](Lab& lab) {
       const std::uint64_t bell = arm(lab);
       for (int ms : {0, 1, 20}) same(wait(lab, bell, Millis(ms)), bell, "the bell after " + text(ms) + " ms");
     }},

    {"waiter.old_bell_returns_at_once",
     "A wait with a bell that has rung since returns at once, with the bell as it is.", 0, kWaiterCap,
     [](Lab& lab) {
       const std::uint64_t bell = arm(lab);
       lab.put();
       rung(lab, bell, "an enqueue before the wait");
       rung(lab, bell, "an enqueue before the wait, waited for again");
       const std::uint64_t now = wait(lab, bell, Millis(0));
       same(wait(lab, now, Millis(1)), now, "the bell once it is known");
     }},

    {"waiter.exchange_tells_the_bell", "The bell that an exchange tells is the bell that a wait compares with.", 0,
     kWaiterCap,
     [](Lab& lab) {
       for (int i = 0; i < 3; ++i) {
         const std::uint64_t bell = arm(lab);
         same(wait(lab, bell, Millis(0)), bell, "the bell");
         lab.put();
       }
     }},

    {"waiter.rings_on_enqueue", "After a claim that found too little, the next enqueue rings.", 0, kWaiterCap,
     [](Lab& lab) {
       for (int i = 0; i < lab.harness().repeat; ++i) {
         const std::uint64_t bell = arm(lab);
         lab.put();
         rung(lab, bell, "an enqueue");
       }
     }},

    {"waiter.rings_when_fewer_came_than_wanted",
     "A claim that took something, but less than its limit, arms the bell too.", 0, kWaiterCap,
     [](Lab& lab) {
       lab.put(3);
       const std::uint64_t bell = arm(lab);
       lab.put();
       rung(lab, bell, "an enqueue");
     }},

    {"waiter.rings_once", "Once armed the bell rings once; further changes ring only after it is armed again.", 0,
     kWaiterCap,
     [](Lab& lab) {
       const std::uint64_t bell = arm(lab);
       lab.put();
       const std::uint64_t rang = wait(lab, bell, lab.harness().patience);
       holds(rang != bell, "a ring by the first enqueue");
       lab.put(3);
       same(wait(lab, rang, Millis(1)), rang, "the bell after further enqueues");
       const std::uint64_t again = arm(lab);
       lab.put();
       rung(lab, again, "an enqueue after the bell was armed again");
     }},

    {"waiter.rings_on_an_earlier_date",
     "An enqueue for a date that comes before what was next rings, so that nobody sleeps past it.", 0, kWaiterCap,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.delay = lab.ticks(50);
       std::uint64_t bell = arm(lab);
       lab.put(t);
       rung(lab, bell, "the first date to come");
       bell = arm(lab);
       t = lab.task(), t.delay = lab.ticks(5);
       lab.put(t);
       rung(lab, bell, "an earlier date");
     }},

    {"waiter.rings_on_retry", "A task given back rings, with and without a delay.", 0, kWaiterCap,
     [](Lab& lab) {
       for (Millis delay : {Millis(0), lab.ticks(5)}) {
         const Leased t = lab.leased();
         const std::uint64_t bell = arm(lab);
         Settlement s = lab.say(t, State::ready);
         s.delay = delay;
         same(lab.settle(s), Item::ok, "the retry");
         rung(lab, bell, "a retry after " + text(delay));
         lab.cancel(key(t));
       }
     }},

    {"waiter.stays_armed_by_a_claim_whose_settlement_rings",
     "A claim that found too little arms the bell also if a settlement of the same exchange has rung it.", 0,
     kWaiterCap,
     [](Lab& lab) {
       for (State to : {State::succeeded, State::ready}) {
         const Leased t = lab.leased();
         same(lab.record(t).state, State::leased, "the state read");  // so that its end rings
         arm(lab);                                                    // so that a retry rings
         Settlement s = lab.say(t, to);
         if (to == State::ready) s.delay = lab.ticks(50);
         const std::uint64_t bell = arm(lab, std::span(&s, 1));
         const TaskKey next = lab.put();
         rung(lab, bell, "an enqueue after an exchange that settled to " + text(to));
         lab.cancel(next);
       }
     }},

    {"waiter.rings_on_cancel", "A cancel of a running task rings, so that its holder hears of it soon.", 0, kWaiterCap,
     [](Lab& lab) {
       const Leased t = lab.leased();
       const std::uint64_t bell = arm(lab);
       same(lab.cancel(key(t)), Item::requested, "the cancel");
       rung(lab, bell, "a cancel");
     }},

    {"waiter.rings_on_the_end_of_a_task_read",
     "Reading a task that has not ended arms the bell for its end, whichever way it ends.", 0, kWaiterCap,
     [](Lab& lab) {
       for (State end : {State::succeeded, State::dead, State::cancelled}) {
         const Leased t = lab.leased();
         const std::uint64_t bell = wait(lab, 0, Millis(0));
         same(lab.record(t).state, State::leased, "the state read");
         same(lab.settle(t, end), Item::ok, "the end");
         rung(lab, bell, "an end as " + text(end));
       }
     }},

    {"waiter.rings_on_the_cancel_of_a_task_read", "Reading a waiting task arms the bell for its cancel.", 0, kWaiterCap,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       const std::uint64_t bell = wait(lab, 0, Millis(0));
       same(lab.record(k).state, State::ready, "the state read");
       same(lab.cancel(k), Item::ok, "the cancel");
       rung(lab, bell, "a cancel");
     }},

    {"waiter.rings_on_replay", "An operator's move of a dead task back to ready rings.", 0, kWaiterCap,
     [](Lab& lab) {
       lab.need(query<Browser>(lab.store()) != nullptr, "capability penstock.backend.browser/1");
       const Leased t = lab.ended(State::dead, kKeepForever);
       const std::uint64_t bell = arm(lab);
       const TaskKey k = key(t);
       must(lab.cap<Browser>().move(std::span(&k, 1), State::dead, State::ready, Millis(0)), "move");
       rung(lab, bell, "a replay");
     }},

    {"waiter.wakes_who_is_waiting", "A wait under way on another thread returns when the bell rings.", 0, kWaiterCap,
     [](Lab& lab) {
       for (int i = 0; i < lab.harness().repeat; ++i) {
         const std::uint64_t bell = arm(lab);
         const NewTask t = lab.task();
         lab.together(2, [&](int who) {
           if (who) rung(lab, bell, "an enqueue on another thread");
           if (!who)
             same(must(lab.store().enqueue(std::span(&t, 1), nullptr), "enqueue").at(0).what, Item::ok, "the enqueue");
         });
       }
     }},

    {"waiter.wakes_everybody", "All waits under way return when the bell rings.", 0, kWaiterCap,
     [](Lab& lab) {
       const std::uint64_t bell = arm(lab);
       const NewTask t = lab.task();
       lab.together(lab.harness().threads + 1, [&](int who) {
         if (who) rung(lab, bell, "an enqueue on another thread");
         if (!who)
           same(must(lab.store().enqueue(std::span(&t, 1), nullptr), "enqueue").at(0).what, Item::ok, "the enqueue");
       });
     }},

    {"waiter.interrupt_wakes", "interrupt changes the bell and ends every wait with an older one.", 0, kWaiterCap,
     [](Lab& lab) {
       Waiter& waiter = lab.cap<Waiter>();
       for (int i = 0; i < lab.harness().repeat; ++i) {
         const std::uint64_t bell = arm(lab);
         lab.together(3, [&](int who) {
           if (who) rung(lab, bell, "an interrupt");
           if (!who) waiter.interrupt();
         });
       }
     }},

    {"waiter.interrupt_is_not_lost", "An interrupt before the wait ends the wait as well, armed or not.", 0, kWaiterCap,
     [](Lab& lab) {
       const std::uint64_t bell = wait(lab, 0, Millis(0));
       lab.cap<Waiter>().interrupt();
       rung(lab, bell, "an interrupt before the wait");
     }},

    {"waiter.no_ring_is_lost",
     "A worker that claims, and waits when it finds nothing, gets every task of a busy producer.", 0, kWaiterCap,
     [](Lab& lab) {
       const std::vector<NewTask> tasks = lab.tasks(static_cast<std::size_t>(lab.harness().rounds) * 5);
       DurableBackend& store = lab.store();
       lab.together(2, [&](int who) {
         if (!who) {
           for (const NewTask& t : tasks) must(store.enqueue(std::span(&t, 1), nullptr), "enqueue");
           return;
         }
         const Share share{"q", 1'000};
         Exchange e;
         e.claim = std::span(&share, 1), e.limit = 1'000, e.lease = kLong;
         for (std::size_t got = 0; got < tasks.size();) {
           const Exchanged answer = lab.exchange(e);
           got += answer.leased.size();
           if (got < tasks.size() && answer.leased.empty()) rung(lab, answer.bell, "a producer");
         }
       });
     }},
};

}  // namespace

Promises waiter() { return kWaiterPromises; }

}  // namespace penstock::conformance::areas
