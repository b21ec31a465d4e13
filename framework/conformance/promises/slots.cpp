// Feature kGates: a claim takes the slots of a task's gates, and what ends the lease gives them back.
#include <algorithm>
#include <thread>

#include "conformance/promises.hpp"
#include "conformance/promises/flow.hpp"

namespace penstock::conformance::areas {

namespace {

// Gate g lets one through; one of four tasks is leased.
Leased fill(Lab& lab, Millis lease = kLong, Here here = Here::now()) {
  running(lab, "g", 1, here);
  put_like(lab, gated(lab, kG), 4, here);
  const auto got = lab.claim(9, "q", lease, 0, here);
  same(got.size(), 1u, "tasks claimed through a gate for one", here);
  return got[0];
}

std::uint64_t armed(Lab& lab, Here here = Here::now()) { return ask(lab, 100, 0, here).bell; }
void rings(Lab& lab, std::uint64_t bell, std::string_view by, Here here = Here::now()) {
  auto* waiter = query<Waiter>(lab.store());
  lab.need(waiter != nullptr, "capability penstock.backend.waiter/1");
  holds(must(waiter->wait(bell, lab.harness().patience), "wait", here) != bell, "a ring by " + std::string(by), here);
}

// Claims, counts and ends tasks on many threads until `n` have ended, or nothing moves any more: a claim
// got nothing though nobody held a task, and nothing changed meanwhile.
void work_off(Lab& lab, int threads, std::size_t n, Occupancy& meter) {
  std::atomic<std::size_t> ended{0}, changes{0};
  std::atomic<int> inside{0};
  std::atomic<bool> stuck{false};
  lab.store();
  const auto step = [&](int i) {
    const std::size_t before = changes;
    ++inside;
    const auto got = lab.claim(1 + static_cast<std::uint32_t>(i % 3));
    for (const Leased& t : got) {
      meter.in();
      std::this_thread::yield();
      meter.out();
      same(lab.settle(t, i % 2 ? State::succeeded : State::dead), Item::ok, "an end");
      ++ended, ++changes;
    }
    const bool alone = --inside == 0;
    if (got.empty() && alone && changes == before) stuck = true;
  };
  Lab::together(threads, [&](int i) {
    try {
      while (ended < n && !stuck) step(i);
    } catch (...) {
      stuck = true;  // nobody waits for this thread
      throw;
    }
  });
  same(ended.load(), n, "tasks ended");
}

constexpr Promise kSlotsPromises[] = {
    {"slots.every_way_out_gives_one_back", "Every settlement that gives a lease up gives its slots back, once.", kGates,
     kGatesCap,
     [](Lab& lab) {
       Leased t = fill(lab);
       for (State to : {State::succeeded, State::ready, State::dead, State::cancelled}) {
         same(claimed(lab, 9), 0u, "tasks claimed while the gate is full");
         const Settlement s = lab.say(t, to);
         for (int i = 0; i < lab.harness().repeat; ++i) same(lab.settle(s), Item::ok, "the settlement to " + text(to));
         const auto got = lab.claim(9);
         same(got.size(), 1u, "tasks claimed after the settlement to " + text(to));
         t = got[0];
       }
       Settlement later = lab.say(t, State::ready);
       later.delay = lab.ticks(5);
       same(lab.settle(later), Item::ok, "a retry with a delay");
       same(claimed(lab, 9), 0u, "tasks claimed when there is none left");
       lab.pass(6);
       same(claimed(lab, 9), 1u, "tasks claimed after the delay");
     }},

    {"slots.marks_and_extensions_keep_it",
     "A begun mark, progress and extensions neither take a slot nor give one back.", kGates, kGatesCap,
     [](Lab& lab) {
       const Leased t = fill(lab);
       for (int i = 0; i < 3; ++i) {
         same(lab.settle(t, State::leased), Item::ok, "a mark");
         same(lab.extend("q", t.epoch, kLong).what, Item::ok, "an extension");
         same(claimed(lab, 9), 0u, "tasks claimed");
       }
       same(lab.settle(t, State::succeeded), Item::ok, "the end");
       same(claimed(lab, 9), 1u, "tasks claimed after the end");
     }},

    {"slots.stale_words_give_nothing_back", "A settlement that is not accepted gives no slot back.", kGates, kGatesCap,
     [](Lab& lab) {
       const Leased was = fill(lab, lab.ticks(1));
       lab.pass(3);
       const auto got = lab.claim(9);
       same(ids(got), {was.id}, "the tasks claimed after the lapse");
       for (State to : {State::ready, State::succeeded, State::dead})
         same(lab.settle(was, to), Item::lease_lost, "a stale settlement to " + text(to));
       same(claimed(lab, 9), 0u, "tasks claimed");
     }},

    {"slots.lapse_keeps_them", "A lapsed task keeps its slots, and whoever claims it takes them over.", kGates,
     kGatesCap,
     [](Lab& lab) {
       const Leased was = fill(lab, lab.ticks(1));
       lab.pass(3);
       const Leased now = lab.claim_one();
       same(now.lapsed, true, "whether the task claimed had lapsed");
       same(claimed(lab, 9), 0u, "further tasks claimed");
       same(gate_state(lab, "g").value_or(GateState{}).leased, 1u, "slots taken");
       same(lab.settle(now, State::succeeded), Item::ok, "the end");
       same(claimed(lab, 9), 1u, "tasks claimed after the end");
     }},

    {"slots.late_settlement_gives_them_back", "Who settles after the lapse, before another claim, gives the slot back.",
     kGates, kGatesCap,
     [](Lab& lab) {
       const Leased t = fill(lab, lab.ticks(1));
       lab.pass(3);
       same(lab.settle(t, State::succeeded), Item::ok, "the late end");
       const auto got = lab.claim(9);
       same(got.size(), 1u, "tasks claimed");
       same(got[0].lapsed, false, "whether the task claimed had lapsed");
     }},

    {"slots.cancelled_lapse_gives_them_back",
     "A lapsed task that ends as cancelled in a claim makes room for the same claim.", kGates, kGatesCap,
     [](Lab& lab) {
       const Leased t = fill(lab, lab.ticks(1));
       same(lab.cancel(key(t)), Item::requested, "the cancel");
       lab.pass(3);
       const auto got = lab.claim(9);
       same(got.size(), 1u, "tasks claimed");
       holds(got[0].id != t.id, "another task than the cancelled one");
       same(lab.record(t).state, State::cancelled, "the state of the cancelled one");
     }},

    {"slots.force_gives_them_back", "A task taken away by an operator gives its slots back.", kGates, kGatesCap,
     [](Lab& lab) {
       auto* browser = query<Browser>(lab.store());
       lab.need(browser != nullptr, "capability penstock.backend.browser/1");
       const Leased t = fill(lab);
       const TaskKey k = key(t);
       same(must(browser->move(std::span(&k, 1), State::leased, State::cancelled, {}), "move"), {Item::ok}, "the move");
       same(claimed(lab, 9), 1u, "tasks claimed");
       same(lab.settle(t, State::succeeded), Item::lease_lost, "the former holder's settlement");
       same(claimed(lab, 9), 0u, "tasks claimed after that");
     }},

    {"slots.waiting_tasks_hold_none", "Tasks that wait at a gate may be cancelled, and hold no slot.", kGates,
     kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 1);
       const auto sent = put_like(lab, gated(lab, kG), 4);
       const Leased t = lab.claim_one();
       same(lab.cancel({"q", sent[1]}), Item::ok, "the cancel");
       same(lab.settle(t, State::succeeded), Item::ok, "the end");
       same(ids(lab.claim(9)), {sent[2]}, "the tasks claimed");
       same(lab.cancel({"q", sent[3]}), Item::ok, "the cancel of the last");
       same(gate_state(lab, "g").value_or(GateState{}).waiting, 0u, "flows that wait");
     }},

    {"slots.all_gates_of_a_task", "A task takes a slot of each of its gates, or of none.", kGates, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 2), running(lab, "h", 1);
       put_like(lab, gated(lab, kGH), 3);
       const Leased both = lab.claim_one();
       same(claimed(lab, 9), 0u, "tasks with both gates claimed");
       put_like(lab, gated(lab, kG), 3);
       const auto got = lab.claim(9);
       same(got.size(), 1u, "tasks with gate g claimed");
       same(lab.settle(both, State::succeeded), Item::ok, "the end");
       same(claimed(lab, 9), 1u, "tasks claimed after the end");
     }},

    {"slots.closed_gates_hold_nobody_else_up", "Tasks behind a full gate do not keep later ones of other gates back.",
     kGates, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 1);
       NewTask urgent = gated(lab, kG);
       urgent.priority = -5;
       const auto shut = put_like(lab, urgent, 50);
       const auto plain = lab.put(3);
       const auto other = put_like(lab, gated(lab, kH), 3);
       std::vector<TaskId> expected = {shut[0]};
       expected.insert(expected.end(), plain.begin(), plain.end());
       expected.insert(expected.end(), other.begin(), other.end());
       same(ids(lab.claim(99)), expected, "the tasks claimed");
     }},

    {"slots.best_of_the_open_ones_first",
     "A task that was kept back by its gate takes its place by priority once it may.", kGates, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 0);
       NewTask urgent = gated(lab, kG);
       urgent.priority = -5;
       lab.put(urgent);
       const auto plain = lab.put(3);
       same(lab.claim_one().id, plain[0], "the task claimed while the gate is closed");
       running(lab, "g", 1);
       same(ids(lab.claim(9)), {urgent.key.id, plain[1], plain[2]}, "the tasks claimed once it is open");
     }},

    {"slots.keys_take_turns_at_a_gate", "Where several keys wait at one gate, they take turns there as well.",
     kGates | kFair, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 1);
       for (std::string_view k : {"a", "b", "c"}) put_like(lab, gated(lab, kG, k), 3);
       std::string seen;
       for (int i = 0; i < 9; ++i) {
         const auto got = lab.claim(9);
         same(got.size(), 1u, "tasks claimed");
         seen += lab.record(got[0]).fair;
         lab.finish(got[0], State::succeeded, Millis(0));
       }
       same(seen, "abcabcabc", "the keys in order");
     }},

    {"slots.an_opening_lets_as_many_through_as_fit",
     "However many flows wait, a gate that opens lets its room through.", kGates | kFair, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 0);
       std::vector<std::string> names;
       for (int i = 0; i < 20; ++i) names.push_back("key " + text(i));
       for (const std::string& n : names) put_like(lab, gated(lab, kG, n), 2);
       same(claimed(lab, 99), 0u, "tasks claimed while the gate is closed");
       running(lab, "g", 7);
       const auto got = lab.claim(99);
       same(got.size(), 7u, "tasks claimed once it lets 7 through");
       std::set<std::string> keys;
       for (const Leased& t : got) keys.insert(lab.record(t).fair);
       same(keys.size(), 7u, "keys among them");
     }},

    {"slots.unused_room_goes_to_others",
     "A flow that could pass a gate, but is not the best of its key, keeps nobody back who waits there.", kGates,
     kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 1);
       NewTask idle = gated(lab, kG), urgent = gated(lab, kGH);
       idle.priority = 5, urgent.priority = -5;
       lab.put(idle), lab.put(20);
       lab.claim_one();
       lab.put(urgent);
       std::vector<TaskId> got;
       for (int i = 0; i < 2; ++i) got.push_back(lab.claim_one().id);
       holds(std::count(got.begin(), got.end(), urgent.key.id) == 1, "the urgent task within two claims");
     }},

    {"slots.unused_room_goes_to_other_keys",
     "A key with a claimable task waits for no key twice, whatever that key has at the same gate.", kGates | kFair,
     kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 1);
       NewTask idle = gated(lab, kG, "a");
       idle.priority = 5;
       lab.put(idle), put_like(lab, of_key(lab, "a"), 20);
       const TaskKey other = lab.put(gated(lab, kG, "b"));
       std::vector<TaskId> got;
       for (int i = 0; i < 2; ++i) got.push_back(lab.claim_one().id);
       holds(std::count(got.begin(), got.end(), other.id) == 1, "the other key within two claims");
     }},

    {"slots.bind_beyond_the_quota", "Gates bind what is claimed beyond the quotas, too.", kGates, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 3);
       put_like(lab, gated(lab, kG), 6);
       const Share share{"q", 2};
       Exchange e;
       e.claim = std::span(&share, 1), e.limit = 6, e.lease = kLong;
       same(lab.exchange(e).leased.size(), 3u, "tasks claimed");
     }},

    {"slots.freed_by_the_same_exchange", "A slot that a settlement gives back is there for the claim of its exchange.",
     kGates, kGatesCap,
     [](Lab& lab) {
       const Leased t = fill(lab);
       const Settlement s = lab.say(t, State::succeeded);
       const Share share{"q", 9};
       Exchange e;
       e.settle = std::span(&s, 1), e.claim = std::span(&share, 1), e.limit = 9, e.lease = kLong;
       same(lab.exchange(e).leased.size(), 1u, "tasks claimed");
     }},

    {"slots.children_have_gates", "Children pass their gates like any task.", kGates | kChildren, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 1);
       const Leased t = lab.leased();
       const std::vector<NewTask> children = {gated(lab, kG), gated(lab, kG), lab.task()};
       Settlement s = lab.say(t, State::succeeded);
       s.children = children;
       same(lab.settle(s), Item::ok, "the settlement");
       same(claimed(lab, 9), 2u, "tasks claimed");
     }},

    {"slots.due_tasks_have_gates", "Scheduled tasks pass their gates once they are due.", kGates, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 2);
       NewTask later = gated(lab, kG);
       later.delay = lab.ticks(2);
       put_like(lab, later, 4);
       same(claimed(lab, 9), 0u, "tasks claimed before");
       lab.pass(3);
       same(claimed(lab, 9), 2u, "tasks claimed when they are due");
     }},

    {"slots.ahead_fill_half_of_a_gate", "What is leased ahead fills a gate to half of its limit, rounded down.", kGates,
     kGatesCap,
     [](Lab& lab) {
       for (std::int64_t n : {1, 2, 5, 8}) {
         running(lab, "g", n);
         const auto sent = put_like(lab, gated(lab, kG), 9);
         const Exchanged got = ask(lab, 9, 9);
         same(got.leased.size(), static_cast<std::size_t>(n / 2), "tasks leased ahead with a limit of " + text(n));
         same(got.next_due, Millis(0), "next_due after the claim ended at the half");
         const auto rest = lab.claim(9);
         same(rest.size(), static_cast<std::size_t>(n - n / 2), "tasks claimed not ahead");
         for (const TaskId& id : sent) lab.cancel({"q", id});
         for (const auto& leased : {Claimed(got.leased), rest})
           for (const Leased& t : leased)
             same(lab.settle(t, State::ready), Item::requested, "a retry of a cancelled one");
       }
     }},

    {"slots.only_what_is_ahead_is_halved", "The first limit - ahead tasks of an exchange fill a gate to its limit.",
     kGates, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 4);
       put_like(lab, gated(lab, kG), 9);
       same(ask(lab, 9, 6).leased.size(), 3u, "tasks claimed with 6 of 9 ahead");
       same(ask(lab, 9, 8).leased.size(), 1u, "tasks claimed with 8 of 9 ahead");
       same(ask(lab, 9, 0).leased.size(), 0u, "tasks claimed from a full gate");
     }},

    {"slots.ahead_of_more_than_the_limit", "An `ahead` above the limit of the exchange means all of it.", kGates,
     kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 4);
       put_like(lab, gated(lab, kG), 9);
       same(ask(lab, 3, UINT32_MAX).leased.size(), 2u, "tasks claimed");
     }},

    {"slots.ahead_counts_the_queue_too", "The queue's own gate is filled to half by what is leased ahead.", kGates,
     kGatesCap,
     [](Lab& lab) {
       running(lab, "", 4);
       lab.put(9);
       same(ask(lab, 9, 9).leased.size(), 2u, "tasks leased ahead");
       same(ask(lab, 9, 0).leased.size(), 2u, "tasks claimed not ahead");
     }},

    {"slots.ahead_ends_the_claim_of_its_queue_only", "Where one queue stops at the half of a gate, the next goes on.",
     kGates, kGatesCap,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 2, "a max_batch of at least 2");
       running(lab, "g", 2);
       put_like(lab, gated(lab, kG), 4), lab.put(3, "other");
       const std::vector<Share> shares = {{"q", 4}, {"other", 4}};
       Exchange e;
       e.claim = shares, e.limit = 20, e.ahead = 20, e.lease = kLong;
       same(lab.exchange(e).leased.size(), 4u, "tasks claimed");
     }},

    {"slots.a_slot_given_back_rings", "Who found a full gate is woken when a slot of it comes back.", kGates, kGatesCap,
     [](Lab& lab) {
       for (State to : {State::succeeded, State::ready}) {
         const Leased t = fill(lab);
         const std::uint64_t bell = armed(lab);
         same(lab.settle(t, to), Item::ok, "the settlement");
         rings(lab, bell, "a settlement to " + text(to));
         no_limit(lab, "g");
         for (const Leased& rest : lab.claim(9)) lab.finish(rest, State::succeeded, Millis(0));
       }
     }},

    {"slots.a_slot_of_the_queue_rings", "Who found the queue's own gate full is woken when a slot of it comes back.",
     kGates, kGatesCap,
     [](Lab& lab) {
       running(lab, "", 1);
       lab.put(3);
       const Leased t = lab.claim_one();
       const std::uint64_t bell = armed(lab);
       same(lab.settle(t, State::succeeded), Item::ok, "the end");
       rings(lab, bell, "an end");
     }},

    {"slots.a_higher_limit_rings", "Who found a full gate is woken when its limit is raised or taken away.", kGates,
     kGatesCap,
     [](Lab& lab) {
       fill(lab);
       std::uint64_t bell = armed(lab);
       running(lab, "g", 2);
       rings(lab, bell, "a higher limit");
       same(claimed(lab, 9), 1u, "tasks claimed");
       bell = armed(lab);
       no_limit(lab, "g");
       rings(lab, bell, "a limit taken away");
       same(claimed(lab, 9), 2u, "tasks claimed");
     }},

    {"slots.never_more_than_the_limit", "Eight claimers on a gate for three never hold more than three at any instant.",
     kGates, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 3);
       const std::size_t n = static_cast<std::size_t>(lab.harness().rounds) * 4;
       put_like(lab, gated(lab, kG), n);
       Occupancy meter;
       work_off(lab, 8, n, meter);
       holds(meter.most() <= 3, "at most 3 at once, seen " + text(meter.most()));
     }},

    {"slots.nothing_is_lost_behind_gates",
     "Tasks of many keys and gates are all worked off by many claimers: none is forgotten behind a gate.",
     kGates | kFair, kGatesCap,
     [](Lab& lab) {
       running(lab, "g", 2), running(lab, "h", 1), running(lab, "c", 1), running(lab, "", 5);
       constexpr std::string_view kHC[] = {"h", "c:1"}, kC[] = {"c:1"};
       const std::span<const std::string_view> sets[] = {{}, kG, kH, kGH, kHC, kC};
       const std::string_view keys[] = {"", "a", "b"};
       const std::size_t n = static_cast<std::size_t>(lab.harness().rounds) * 4;
       for (std::size_t i = 0; i < n; ++i)
         lab.put(gated(lab, sets[lab.random().below(6)], keys[lab.random().below(3)]));
       Occupancy meter;
       work_off(lab, 8, n, meter);
       holds(meter.most() <= 5, "at most 5 at once, seen " + text(meter.most()));
       for (std::string_view gate : {"g", "h", ""})
         same(gate_state(lab, gate).value_or(GateState{}).leased, 0u, "slots taken of " + text(gate));
     }},

    {"slots.limit_may_move_under_load",
     "While the limit goes up and down under eight claimers, its highest is kept to.", kGates, kGatesCap,
     [](Lab& lab) {
       const std::size_t n = static_cast<std::size_t>(lab.harness().rounds) * 4;
       running(lab, "g", 2);
       put_like(lab, gated(lab, kG), n);
       std::atomic<bool> done{false};
       Occupancy meter;
       Gates& gates = lab.cap<Gates>();
       const Until late(lab.harness().patience);
       lab.together(2, [&](int who) {
         if (who == 0) {
           work_off(lab, 8, n, meter);
           done = true;
         }
         for (std::int64_t at = 0; who == 1 && !done && !late.passed(); ++at) {
           const Limit l{.running = 1 + at % 4};
           must(gates.limit("q", "g", Layer::operator_, &l), "limit");
         }
       });
       holds(meter.most() <= 4, "at most 4 at once, seen " + text(meter.most()));
     }},
};

}  // namespace

Promises slots() { return kSlotsPromises; }

}  // namespace penstock::conformance::areas
