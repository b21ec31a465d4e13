// Feature kGates: how many tasks of a gate are claimed in a time.
#include <algorithm>

#include "conformance/promises.hpp"
#include "conformance/promises/flow.hpp"

namespace penstock::conformance::areas {

namespace {

// A token every `n` ticks of the harness.
Limit every(const Lab& lab, int n, std::uint32_t burst = 1) {
  return {.per_second = 1000.0 / static_cast<double>(lab.ticks(n).count()), .burst = burst};
}
constexpr Limit hourly(std::uint32_t burst) { return {.per_second = 1.0 / 3600, .burst = burst}; }

// Tasks with gate g, one of which was claimed for its last token.
Leased spent(Lab& lab, const Limit& l, Millis lease = kLong, Here here = Here::now()) {
  limit(lab, "g", l, Layer::declared, "q", here);
  put_like(lab, gated(lab, kG), 9, here);
  const auto got = lab.claim(20, "q", lease, 0, here);
  same(got.size(), std::size_t{l.burst}, "tasks claimed for a burst", here);
  return got.back();
}

Item give_back(Lab& lab, const Leased& t, bool unstarted, Here here = Here::now()) {
  Settlement s = Lab::say(t, State::ready);
  s.unstarted = unstarted;
  return lab.settle(s, here);
}

constexpr Promise kRatesPromises[] = {
    {"rates.a_burst_and_then_one_by_one", "A gate not used yet lets its burst through, then one task per interval.",
     kGates, kGatesCap,
     [](Lab& lab) {
       spent(lab, every(lab, 4, 3));
       for (int i = 0; i < 3; ++i) {
         same(claimed(lab, 9), 0u, "tasks claimed before the next token");
         lab.pass(4);
         same(claimed(lab, 9), 1u, "tasks claimed after an interval");
       }
     }},

    {"rates.tokens_add_up_to_the_burst", "An idle gate gets its tokens back, up to its burst and no more.", kGates,
     kGatesCap,
     [](Lab& lab) {
       spent(lab, every(lab, 2, 3));
       lab.pass(5);
       same(claimed(lab, 9), 2u, "tasks claimed after two intervals and a half");
       lab.pass(20);
       same(claimed(lab, 9), 3u, "tasks claimed after ten intervals");
     }},

    {"rates.the_average_is_kept", "Claimed as often as they can be, tasks come at the rate, to the task.", kGates,
     kGatesCap,
     [](Lab& lab) {
       limit(lab, "g", every(lab, 2, 2));
       put_like(lab, gated(lab, kG), 30);
       std::size_t n = claimed(lab, 99);
       for (int i = 0; i < 20; ++i) {
         lab.pass(1);
         n += claimed(lab, 99);
       }
       same(n, 12u, "tasks claimed in ten intervals, with a burst of 2");
     }},

    {"rates.every_start_costs_a_token", "A retry costs a token when it is claimed again.", kGates, kGatesCap,
     [](Lab& lab) {
       const Leased t = spent(lab, hourly(2));
       same(lab.settle(t, State::ready), Item::ok, "the retry");
       same(claimed(lab, 9), 0u, "tasks claimed without a token");
     }},

    {"rates.ends_give_no_token_back", "However a lease is given up, its tokens are spent.", kGates, kGatesCap,
     [](Lab& lab) {
       limit(lab, "g", hourly(3));
       put_like(lab, gated(lab, kG), 9);
       for (State to : {State::succeeded, State::dead, State::cancelled})
         same(lab.settle(lab.claim_one(), to), Item::ok, "the end as " + text(to));
       same(claimed(lab, 9), 0u, "tasks claimed without a token");
     }},

    {"rates.lapse_costs_none", "A lapsed task that is taken over costs no second token, and needs none.", kGates,
     kGatesCap,
     [](Lab& lab) {
       const Leased was = spent(lab, hourly(1), lab.ticks(1));
       lab.pass(3);
       const auto got = lab.claim(9);
       same(ids(got), {was.id}, "the tasks claimed");
       same(got[0].lapsed, true, "whether it had lapsed");
     }},

    {"rates.unstarted_gives_the_tokens_back", "A task given back unstarted gives the tokens of its gates back.", kGates,
     kGatesCap,
     [](Lab& lab) {
       const Leased t = spent(lab, hourly(2));
       same(give_back(lab, t, false), Item::ok, "the retry");
       same(claimed(lab, 9), 0u, "tasks claimed after a retry");
       NewTask both = gated(lab, kGH);
       both.key.queue = "other";
       for (std::string_view gate : {"g", "h"}) limit(lab, gate, hourly(1), Layer::declared, "other");
       put_like(lab, both, 3);
       const Leased u = lab.claim_one("other");
       same(lab.claim(9, "other").size(), 0u, "tasks claimed without tokens");
       same(give_back(lab, u, true), Item::ok, "given back unstarted");
       same(lab.claim(9, "other").size(), 1u, "tasks claimed after that");
     }},

    {"rates.unstarted_counts_once", "Given back unstarted again and again, a task gives its tokens back once.", kGates,
     kGatesCap,
     [](Lab& lab) {
       const Leased t = spent(lab, hourly(3));
       for (int i = 0; i < lab.harness().repeat; ++i) same(give_back(lab, t, true), Item::ok, "given back");
       same(claimed(lab, 9), 1u, "tasks claimed after that");
     }},

    {"rates.unstarted_late_gives_nothing_back", "A stale holder gives no tokens back.", kGates, kGatesCap,
     [](Lab& lab) {
       const Leased was = spent(lab, hourly(1), lab.ticks(1));
       lab.pass(3);
       same(lab.claim(9).size(), 1u, "tasks taken over");
       same(give_back(lab, was, true), Item::lease_lost, "the stale holder's word");
       same(claimed(lab, 9), 0u, "tasks claimed");
     }},

    {"rates.unstarted_and_cancelled_gives_them_back",
     "A task that was asked to stop before it started ends as cancelled, and gives its tokens back.", kGates, kGatesCap,
     [](Lab& lab) {
       const Leased t = spent(lab, hourly(1));
       same(lab.cancel(key(t)), Item::requested, "the cancel");
       same(give_back(lab, t, true), Item::requested, "given back");
       same(claimed(lab, 9), 1u, "tasks claimed after that");
     }},

    {"rates.next_due_tells_the_next_token", "next_due of a claim that found no token is when the next one comes.",
     kGates, kGatesCap,
     [](Lab& lab) {
       spent(lab, every(lab, 4));
       lab.pass(1);
       const auto due = ask(lab, 9).next_due;
       holds(due.has_value(), "next_due");
       holds(*due > Millis(0) && *due <= lab.ticks(3), "next_due within three ticks, and not at once: " + text(*due));
       lab.pass(*due);
       same(claimed(lab, 9), 1u, "tasks claimed after next_due");
     }},

    {"rates.fractions_of_a_millisecond_round_up", "next_due is not 0 while the next token is less than 1 ms away.",
     kGates, kGatesCap,
     [](Lab& lab) {
       lab.need(lab.harness().wall != nullptr, "a clock that stands still");
       spent(lab, {.per_second = 3000, .burst = 1});
       same(ask(lab, 9).next_due, Millis(1), "next_due");
       lab.pass(Millis(1));
       same(claimed(lab, 9), 1u, "tasks claimed after a millisecond");
     }},

    {"rates.of_the_queue", "The rate of the queue's own gate goes for all its tasks together.", kGates, kGatesCap,
     [](Lab& lab) {
       limit(lab, "", every(lab, 4, 2));
       lab.put(3), put_like(lab, gated(lab, kG), 3);
       same(claimed(lab, 9), 2u, "tasks claimed");
       const auto due = ask(lab, 9).next_due;
       holds(due && *due > Millis(0) && *due <= lab.ticks(4), "next_due within an interval");
       lab.pass(4);
       same(claimed(lab, 9), 1u, "tasks claimed after an interval");
     }},

    {"rates.of_a_class_are_each_gates_own", "The rate of a class goes for each of its gates by itself.", kGates,
     kGatesCap,
     [](Lab& lab) {
       limit(lab, "c", hourly(2));
       put_like(lab, gated(lab, kC1), 4), put_like(lab, gated(lab, kC2), 4);
       same(claimed(lab, 9), 4u, "tasks claimed");
     }},

    {"rates.all_gates_pay_or_none", "A task that waits for one of its gates takes no token of the others.", kGates,
     kGatesCap,
     [](Lab& lab) {
       limit(lab, "g", hourly(2)), running(lab, "h", 0);
       put_like(lab, gated(lab, kGH), 3);
       same(claimed(lab, 9), 0u, "tasks claimed with gate h closed");
       put_like(lab, gated(lab, kG), 3);
       same(claimed(lab, 9), 2u, "tasks claimed through gate g alone");
     }},

    {"rates.run_beside_slots", "A gate with both lets through what has a slot and a token.", kGates, kGatesCap,
     [](Lab& lab) {
       Limit l = every(lab, 2, 3);
       l.running = 2;
       limit(lab, "g", l);
       put_like(lab, gated(lab, kG), 9);
       auto got = lab.claim(9);
       same(got.size(), 2u, "tasks claimed, for the slots");
       for (const Leased& t : got) lab.finish(t, State::succeeded, Millis(0));
       got = lab.claim(9);
       same(got.size(), 1u, "tasks claimed, for the tokens");
       lab.pass(10);
       same(claimed(lab, 9), 1u, "tasks claimed, for the slots again");
     }},

    {"rates.changes_keep_what_was_taken", "Setting a rate again does not fill the gate up.", kGates, kGatesCap,
     [](Lab& lab) {
       spent(lab, hourly(3));
       for (Layer layer : {Layer::declared, Layer::operator_, Layer::declared}) {
         limit(lab, "g", hourly(3), layer);
         same(claimed(lab, 9), 0u, "tasks claimed after the rate was set again");
       }
       limit(lab, "g", hourly(5), Layer::operator_);
       same(claimed(lab, 9), 2u, "tasks claimed with a burst of two more");
     }},

    {"rates.a_faster_rate_counts_at_once", "After the rate was raised nobody waits for the time of the old one.",
     kGates, kGatesCap,
     [](Lab& lab) {
       spent(lab, hourly(1));
       limit(lab, "g", every(lab, 2));
       lab.pass(3);
       same(claimed(lab, 9), 1u, "tasks claimed after an interval of the new rate");
     }},

    {"rates.taken_away_let_all_through", "Without a rate nobody waits for tokens.", kGates, kGatesCap,
     [](Lab& lab) {
       spent(lab, hourly(1));
       no_limit(lab, "g");
       same(claimed(lab, 20), 8u, "tasks claimed");
     }},

    {"rates.idle_gates_are_remembered", "A gate that no task names any more does not start anew.", kGates, kGatesCap,
     [](Lab& lab) {
       limit(lab, "c", every(lab, 10));
       lab.put(gated(lab, kC1));
       lab.finish(lab.claim_one(), State::succeeded, Millis(0));
       lab.trim({.queue = "q", .count = 0});
       lab.put(gated(lab, kC1));
       same(claimed(lab, 9), 0u, "tasks claimed before the token");
       lab.pass(10);
       same(claimed(lab, 9), 1u, "tasks claimed after an interval");
     }},

    {"rates.the_wall_clock_is_no_matter", "Setting the wall clock forward or back brings no token and takes none.",
     kGates, kGatesCap,
     [](Lab& lab) {
       lab.need(lab.harness().jump_wall != nullptr, "a wall clock that can be set");
       spent(lab, every(lab, 4));
       lab.harness().jump_wall(kLong);
       same(claimed(lab, 9), 0u, "tasks claimed after a jump forward");
       lab.harness().jump_wall(-2 * kLong);
       lab.pass(4);
       same(claimed(lab, 9), 1u, "tasks claimed after a jump back and an interval");
     }},

    {"rates.any_numbers", "The slowest, fastest and deepest rates there are neither fail nor run over.", kGates,
     kGatesCap,
     [](Lab& lab) {
       const std::pair<Limit, std::size_t> cases[] = {
           {{.per_second = 1e-300, .burst = 1}, 1},          {{.per_second = 1e-9, .burst = 2}, 2},
           {{.per_second = 5e-324, .burst = UINT32_MAX}, 5}, {{.per_second = 1e-3, .burst = UINT32_MAX}, 5},
           {{.per_second = 1e300, .burst = 5}, 5},           {{.per_second = 1e9, .burst = UINT32_MAX}, 5}};
       const std::string_view gates[] = {"1", "2", "3", "4", "5", "6"};
       for (std::size_t i = 0; i < 6; ++i) {
         const auto& [l, expected] = cases[i];
         limit(lab, gates[i], l);
         put_like(lab, gated(lab, std::span(gates).subspan(i, 1)), 5);
         same(claimed(lab, 9), expected, "tasks claimed with " + text(l));
         const auto due = ask(lab, 9).next_due;
         if (expected < 5) holds(due && *due > lab.ticks(100), "next_due far away with " + text(l));
         no_limit(lab, gates[i]);
         same(claimed(lab, 9), 5 - expected, "tasks claimed without it");
       }
     }},

    {"rates.keys_take_turns_for_tokens", "Where several keys wait for tokens, each gets one in turn.", kGates | kFair,
     kGatesCap,
     [](Lab& lab) {
       limit(lab, "g", every(lab, 2));
       for (std::string_view k : {"a", "b"}) put_like(lab, gated(lab, kG, k), 3);
       std::string seen;
       for (int i = 0; i < 6; ++i) {
         for (const Leased& t : lab.claim(9)) seen += lab.record(t).fair;
         lab.pass(2);
       }
       same(seen, "ababab", "the keys in order");
     }},

    {"rates.hold_for_many_claimers", "However many claim at once, no token is taken twice.", kGates, kGatesCap,
     [](Lab& lab) {
       limit(lab, "g", hourly(25));
       put_like(lab, gated(lab, kG), 60);
       std::atomic<std::size_t> n{0};
       lab.store();
       Lab::together(8, [&](int i) {
         for (int r = 0; r < lab.harness().rounds; ++r)
           for (const Leased& t : lab.claim(1 + static_cast<std::uint32_t>(i % 3))) {
             ++n;
             lab.settle(t, r % 2 ? State::ready : State::succeeded);
           }
       });
       same(n.load(), 25u, "tasks claimed");
     }},

    {"rates.outlive_the_object", "Tokens that were taken stay taken for a new object.", kGates, kGatesCap,
     [](Lab& lab) {
       lab.need(lab.harness().survives_reopen, "a store that outlives its object");
       spent(lab, every(lab, 6, 2));
       lab.reopen();
       same(claimed(lab, 9), 0u, "tasks claimed after opening again");
       lab.pass(6);
       same(claimed(lab, 9), 1u, "tasks claimed after an interval");
     }},
};

}  // namespace

Promises rates() { return kRatesPromises; }

}  // namespace penstock::conformance::areas
