// The judge of histories knows good ones from bad ones.
#include "torture/history.hpp"

#include <catch2/catch.hpp>

namespace penstock::torture {
namespace {

using What = Act::What;
using Told = Act::Told;

// Acts one after the other, unless they are said to overlap.
class Tale {
 public:
  Tale& enqueue(int task, Told told = Told::yes) { return add({.what = What::enqueue, .told = told, .task = task}); }
  Tale& claim(int task, Epoch epoch, bool lapsed = false, std::uint32_t client = 1) {
    return add({.what = What::claim, .client = client, .task = task, .epoch = epoch, .lapsed = lapsed});
  }
  Tale& claim_unseen() { return add({.what = What::claim, .told = Told::nothing}); }
  Tale& settle(int task, Epoch epoch, State to = State::succeeded, Told told = Told::yes) {
    return add({.what = What::settle, .told = told, .task = task, .epoch = epoch, .to = to});
  }
  Tale& extend(Epoch epoch, Told told = Told::yes) { return add({.what = What::extend, .told = told, .epoch = epoch}); }
  Tale& left(int task, State state = State::succeeded) {
    history_.left[task] = state;
    return *this;
  }
  Tale& release(int task, Epoch epoch, Told told = Told::yes) { return settle(task, epoch, State::ready, told); }
  // The stores' clock goes on.
  Tale& after(int ms) {
    time_ += Millis(ms);
    return *this;
  }
  Tale& ahead(int ms) {
    history_.ahead = Millis(ms);
    return *this;
  }
  // The last two were under way at once.
  Tale& at_once() {
    auto& acts = history_.acts;
    auto &first = acts[acts.size() - 2], &second = acts.back();
    first.answered = second.answered, first.latest = second.latest;
    second.made = first.made, second.earliest = first.earliest;
    return *this;
  }
  std::string wrong() const {
    std::string rules;
    for (const Anomaly& a : judge(history_)) rules += (rules.empty() ? "" : ", ") + a.rule;
    return rules;
  }

 private:
  Tale& add(Act act) {
    act.made = ++now_, act.answered = ++now_;
    act.earliest = act.latest = time_;
    history_.acts.push_back(act);
    return *this;
  }

 protected:
  History history_;

 private:
  std::uint64_t now_ = 0;
  Millis time_{};
};

// Its leases are of 50 ms.
struct Leases : Tale {
  Leases() { history_.lease = Millis(50); }
};
// Task 1 is held under epoch 1.
struct Held1 : Leases {
  Held1() { enqueue(1).claim(1, 1); }
};

}  // namespace

TEST_CASE("histories: those that can be") {
  CHECK(Tale().enqueue(1).claim(1, 1).settle(1, 1).left(1).wrong().empty());
  CHECK(Tale().enqueue(1, Told::nothing).wrong().empty());
  CHECK(Tale().enqueue(1, Told::nothing).enqueue(1, Told::no).claim(1, 1).settle(1, 1).left(1).wrong().empty());
  // Lapsed, and the first holder is late.
  CHECK(Tale()
            .enqueue(1)
            .claim(1, 1)
            .claim(1, 2, true)
            .settle(1, 1, State::succeeded, Told::no)
            .settle(1, 2)
            .left(1)
            .wrong()
            .empty());
  // Given back, claimed again, dead.
  CHECK(Tale()
            .enqueue(1)
            .claim(1, 1)
            .settle(1, 1, State::ready)
            .claim(1, 2)
            .settle(1, 2, State::dead)
            .left(1, State::dead)
            .wrong()
            .empty());
  // The same end said twice, and one without an answer.
  CHECK(Tale().enqueue(1).claim(1, 1).settle(1, 1).settle(1, 1).left(1).wrong().empty());
  CHECK(Tale().enqueue(1).claim(1, 1).settle(1, 1, State::succeeded, Told::nothing).left(1).wrong().empty());
  // A claim that nobody heard of lapsed.
  CHECK(Tale().enqueue(1).claim_unseen().claim(1, 2, true).settle(1, 2).left(1).wrong().empty());
  // Taken over while it was being settled: the settlement was first.
  CHECK(Tale()
            .enqueue(1)
            .claim(1, 1)
            .settle(1, 1, State::ready)
            .claim(1, 2)
            .at_once()
            .settle(1, 2)
            .left(1)
            .wrong()
            .empty());
  CHECK(Tale().enqueue(1).claim(1, 1).extend(1).settle(1, 1).extend(1, Told::no).left(1).wrong().empty());
}

TEST_CASE("histories: what was accepted is gone, or never ends") {
  CHECK(Tale().enqueue(1).wrong() == "lost");
  CHECK(Tale().enqueue(1).claim(1, 1).settle(1, 1).wrong() == "lost");
  CHECK(Tale().enqueue(1).left(1, State::ready).wrong() == "stuck");
}

TEST_CASE("histories: what nobody sent is there") {
  CHECK(Tale().claim(1, 1).settle(1, 1).left(1).wrong() == "unexpected");
  CHECK(Tale().claim(1, 1).enqueue(1).settle(1, 1).left(1).wrong() == "unexpected");
  CHECK(Tale().enqueue(1, Told::no).claim(1, 1).settle(1, 1).left(1).wrong() == "unexpected");
}

TEST_CASE("histories: one task twice") {
  CHECK(Tale().enqueue(1).enqueue(1).claim(1, 1).settle(1, 1).left(1).wrong() == "duplicated");
  CHECK(Tale().enqueue(1).claim(1, 1).settle(1, 1).settle(1, 1, State::dead).left(1).wrong() ==
        "duplicated, another end");
  // Both ends count, whoever was first.
  CHECK(Tale().enqueue(1).claim(1, 1).claim(1, 2, true).settle(1, 1).at_once().settle(1, 2).left(1).wrong() ==
        "duplicated");
  // It comes back after its end.
  CHECK(Tale().enqueue(1).claim(1, 1).settle(1, 1).claim(1, 2, true).left(1).wrong() == "duplicated");
}

TEST_CASE("histories: two holders") {
  CHECK(Tale().enqueue(1).claim(1, 1).claim(1, 1, true, 2).settle(1, 1).left(1).wrong() == "two holders");
  CHECK(Tale()
            .enqueue(1)
            .enqueue(2)
            .claim(1, 1)
            .claim(2, 1, false, 2)
            .settle(1, 1)
            .settle(2, 1)
            .left(1)
            .left(2)
            .wrong() == "two holders");
}

TEST_CASE("histories: an epoch that is lower than one before") {
  CHECK(Tale().enqueue(1).claim(1, 2).claim(1, 1, true).settle(1, 2).left(1).wrong() == "epochs fall, early");
}

TEST_CASE("histories: a holder who is no longer one is heard") {
  CHECK(Tale().enqueue(1).claim(1, 1).claim(1, 2, true).settle(1, 1, State::leased).settle(1, 2).left(1).wrong() ==
        "stale");
  CHECK(Tale().enqueue(1).claim(1, 1).claim(1, 2, true).settle(1, 1, State::ready).settle(1, 2).left(1).wrong() ==
        "stale");
  CHECK(Tale().enqueue(1).claim(1, 1).claim(1, 2, true).extend(1).settle(1, 2).left(1).wrong() == "stale");
  CHECK(Tale().enqueue(1).claim(1, 1).settle(1, 1).extend(1).left(1).wrong() == "stale");
}

TEST_CASE("histories: a task is handed out that somebody holds") {
  CHECK(Tale().enqueue(1).claim(1, 1).claim(1, 2).settle(1, 2).left(1).wrong() == "early");
  CHECK(Tale().enqueue(1).claim(1, 1).settle(1, 1, State::ready, Told::no).claim(1, 2).settle(1, 2).left(1).wrong() ==
        "early, refused");
  CHECK(Tale().enqueue(1).claim(1, 1, true).settle(1, 1).left(1).wrong() == "early");
}

TEST_CASE("histories: an end that is not the one that was said") {
  CHECK(Tale().enqueue(1).claim(1, 1).settle(1, 1).left(1, State::dead).wrong() == "another end");
  CHECK(Tale().enqueue(1).claim(1, 1).left(1).wrong() == "another end");
}

TEST_CASE("histories: a holder who is refused without a reason") {
  CHECK(Tale().enqueue(1).claim(1, 1).settle(1, 1, State::succeeded, Told::no).settle(1, 1).left(1).wrong() ==
        "refused");
  // Other things that he said are no reason, when they are the same, or keep it.
  CHECK(Held1().settle(1, 1).settle(1, 1, State::succeeded, Told::no).left(1).wrong() == "refused");
  CHECK(Held1().release(1, 1).release(1, 1, Told::no).claim(1, 2).settle(1, 2).left(1).wrong() == "refused");
  CHECK(Held1().settle(1, 1, State::leased).settle(1, 1, State::succeeded, Told::no).settle(1, 1).left(1).wrong() ==
        "refused");
  // Nor is a claim that nobody heard of, while his lease lasts.
  CHECK(Held1().claim_unseen().after(49).settle(1, 1, State::succeeded, Told::no).settle(1, 1).left(1).wrong() ==
        "refused");
  CHECK(Held1().claim_unseen().settle(1, 1, State::leased, Told::no).settle(1, 1).left(1).wrong() == "refused");
}

TEST_CASE("histories: a holder who is refused for a reason") {
  CHECK(Held1().release(1, 1).release(1, 1).claim(1, 2).release(1, 1, Told::no).settle(1, 2).left(1).wrong().empty());
  CHECK(Held1()
            .settle(1, 1, State::dead, Told::nothing)
            .settle(1, 1, State::succeeded, Told::no)
            .left(1, State::dead)
            .wrong()
            .empty());
  // A claim that nobody heard of took it over, or got what he gave back.
  CHECK(Held1()
            .after(50)
            .claim_unseen()
            .settle(1, 1, State::succeeded, Told::no)
            .extend(1, Told::no)
            .after(50)
            .claim(1, 3, true)
            .settle(1, 3)
            .left(1)
            .wrong()
            .empty());
  CHECK(Held1()
            .release(1, 1)
            .claim_unseen()
            .release(1, 1, Told::no)
            .after(50)
            .claim(1, 3, true)
            .settle(1, 3)
            .left(1)
            .wrong()
            .empty());
}

TEST_CASE("histories: a lease that lapses has lasted its time") {
  const auto taken_over = [](Tale story) { return story.claim(1, 2, true).settle(1, 2).left(1).wrong(); };
  CHECK(taken_over(Held1()) == "early");
  CHECK(taken_over(Held1().after(49)) == "early");
  CHECK(taken_over(Held1().after(50)).empty());
  CHECK(taken_over(Held1().after(49).ahead(1)).empty());
  // Since it was extended; a mark does not extend it, nor what was refused, nor may what is under way.
  CHECK(taken_over(Held1().after(30).extend(1).after(49)) == "early");
  CHECK(taken_over(Held1().after(30).extend(1).after(50)).empty());
  CHECK(taken_over(Held1().after(30).settle(1, 1, State::leased).after(20)).empty());
  CHECK(Held1().after(50).extend(1).claim(1, 2, true).at_once().settle(1, 2).left(1).wrong().empty());
  // What was given back has no lease, and who has it then has a new one.
  CHECK(taken_over(Held1().release(1, 1).after(50)) == "early");
  CHECK(Held1().after(50).release(1, 1).claim(1, 2).claim(1, 3, true).settle(1, 3).left(1).wrong() == "early");
}

TEST_CASE("histories: a lease that nobody knows of has lasted its time, too") {
  const auto first = [](Tale story) { return story.claim(1, 2, true).settle(1, 2).left(1).wrong(); };
  CHECK(first(Leases().enqueue(1).claim_unseen().after(49)) == "early");
  CHECK(first(Leases().enqueue(1).claim_unseen().after(50)).empty());
  // One after the other.
  CHECK(first(Held1().release(1, 1).claim_unseen().after(49)) == "early");
  CHECK(first(Held1().release(1, 1).claim_unseen().after(50)).empty());
  CHECK(first(Held1().after(30).extend(1).claim_unseen().after(49)) == "early");
}

TEST_CASE("histories: one holder says two things, and both count") {
  CHECK(Held1().release(1, 1).settle(1, 1).left(1).wrong() == "duplicated");
  CHECK(Held1().settle(1, 1).release(1, 1).left(1).wrong() == "duplicated");
  CHECK(Held1().settle(1, 1).settle(1, 1, State::dead).left(1).wrong() == "duplicated, another end");
  CHECK(Held1().release(1, 1).settle(1, 1, State::leased).claim(1, 2).settle(1, 2).left(1).wrong() == "stale");
  CHECK(Held1().settle(1, 1).settle(1, 1, State::leased).left(1).wrong() == "stale");
}

TEST_CASE("histories: an extension that is refused though something is held") {
  CHECK(Held1().extend(1, Told::no).settle(1, 1).left(1).wrong() == "refused");
  CHECK(Held1().after(80).extend(1, Told::no).settle(1, 1).left(1).wrong() == "refused");
  CHECK(Held1().claim_unseen().after(49).extend(1, Told::no).settle(1, 1).left(1).wrong() == "refused");
  CHECK(Held1().settle(1, 1, State::leased).extend(1, Told::no).settle(1, 1).left(1).wrong() == "refused");
  // One of two is left.
  const auto two = [] { return Leases().enqueue(1).enqueue(2).claim(1, 1).claim(2, 1).at_once().left(1).left(2); };
  CHECK(two().settle(1, 1).extend(1, Told::no).settle(2, 1).wrong() == "refused");
  CHECK(Held1().settle(1, 1).extend(1, Told::no).left(1).wrong().empty());
  CHECK(Held1().settle(1, 1, State::succeeded, Told::nothing).extend(1, Told::no).left(1).wrong().empty());
  CHECK(Held1().after(50).claim(1, 2, true).extend(1, Told::no).settle(1, 2).left(1).wrong().empty());
}

}  // namespace penstock::torture
