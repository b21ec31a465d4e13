// Clocks that jump: leases live by one that does not, due dates by the wall's.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

using std::chrono::hours;

void jump(Lab& lab, Millis by) {
  lab.need(lab.harness().jump_wall != nullptr, "a wall clock that can be set");
  lab.harness().jump_wall(by);
}

constexpr Promise kTimePromises[] = {
    {"time.jump_ahead_ends_no_lease", "A wall clock set ahead, by hours or years, makes no lease lapse.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(10));
       for (Millis by : {Millis(hours(1)), Millis(hours(24)), Millis(hours(87'600))}) {
         jump(lab, by);
         lab.nothing_claimable("a jump of the wall clock");
       }
       same(lab.settle(t, State::succeeded), Item::ok, "the settlement");
     }},

    {"time.jump_back_prolongs_no_lease", "A wall clock set back does not keep a lease from lapsing at its time.", 0,
     nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(4));
       jump(lab, -Millis(hours(24)));
       lab.pass(5);
       const Leased again = lab.claim_one();
       same(again.id, t.id, "the task");
       same(again.lapsed, true, "lapsed");
       same(lab.settle(t, State::succeeded), Item::lease_lost, "the first holder's settlement");
     }},

    {"time.extensions_do_not_see_jumps", "An extension counts from now by the clock that does not jump.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(3));
       for (Millis by : {Millis(hours(24)), -Millis(hours(48))}) {
         jump(lab, by);
         same(lab.extend("q", t.epoch, lab.ticks(3)).what, Item::ok, "the extension");
         lab.pass(2);
         lab.nothing_claimable("an extension after a jump");
       }
       lab.pass(2);
       same(lab.claim_one().lapsed, true, "lapsed");
     }},

    {"time.due_dates_follow_the_wall",
     "A task with a due date runs when the wall clock has reached it, also by a jump.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.due = lab.wall() + hours(2);
       lab.put(t);
       lab.nothing_claimable("an enqueue for later");
       jump(lab, Millis(hours(3)));
       same(lab.claim_one().id, t.key.id, "the task claimed");
     }},

    {"time.due_dates_wait_for_the_wall",
     "A wall clock set back postpones a due date by as much, and the task is not lost.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.due = lab.wall() + lab.ticks(3);
       lab.put(t);
       jump(lab, -lab.ticks(10));
       lab.pass(5);
       lab.nothing_claimable("the wall clock was set back");
       lab.pass(10);
       same(lab.claim_one().id, t.key.id, "the task claimed");
     }},

    {"time.next_due_is_never_negative", "next_due is not negative, whatever the clocks have done.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.due = lab.wall() + hours(1);
       lab.put(t), lab.put();
       const Share share{"q", 5};
       Exchange e;
       e.claim = std::span(&share, 1), e.limit = 5, e.lease = lab.ticks(3);
       for (Millis by : {Millis(0), -Millis(hours(100)), Millis(hours(1'000)), -Millis(hours(1'000))}) {
         jump(lab, by);
         lab.pass(1);
         const auto next = lab.exchange(e).next_due;
         holds(!next || *next >= Millis(0), "no negative next_due, such as " + text(next));
       }
     }},

    {"time.store_works_on_any_date", "In 1970, in 2039 and in 2100 tasks are taken, run, retried and ended.", 0,
     nullptr,
     [](Lab& lab) {
       for (std::int64_t year : {1970, 2039, 2100}) {
         const Time then = Time(Millis((year - 1970) * 31'556'952'000 + 86'400'000));
         jump(lab, then - lab.wall());
         Leased t = lab.leased();
         Settlement s = lab.say(t, State::ready);
         s.delay = lab.ticks(2);
         same(lab.settle(s), Item::ok, "a retry in " + text(year));
         lab.pass(3);
         t = lab.claim_one();
         lab.finish(t, State::succeeded, kKeepForever);
         const Time ended = lab.record(t).ended;
         holds(ended >= then && ended <= lab.wall() + lab.properties().time_step,
               "an end in " + text(year) + ", not " + text(ended));
       }
     }},

    {"time.epochs_rise_across_jumps", "Epochs do not depend on the time: they rise also when the clock is set back.", 0,
     nullptr,
     [](Lab& lab) {
       Epoch last = 0;
       for (Millis by : {Millis(0), -Millis(hours(1)), Millis(hours(9)), -Millis(hours(90))}) {
         jump(lab, by);
         const Leased t = lab.leased();
         holds(t.epoch > last, "a higher epoch");
         last = t.epoch;
       }
     }},
};

}  // namespace

Promises time() { return kTimePromises; }

}  // namespace penstock::conformance::areas
