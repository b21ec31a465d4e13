// The transitions that are easily got wrong: late settlements, lapsed batches, cancels, order.
#include "unit/memory/store_lab.hpp"

using namespace penstock;
using namespace penstock::memory;

TEST_CASE("late settlements are answered by the task's state") {
  const State verbs[] = {State::leased, State::ready, State::succeeded, State::dead, State::cancelled};
  const auto check = [&](State became, Millis keep, std::vector<Item> answers) {
    StoreLab lab;
    lab.put(1);
    const Epoch epoch = lab.claim(1).leased.at(0).epoch;
    REQUIRE(lab.settle(1, epoch, became, keep) == Item::ok);
    for (std::size_t i = 0; i < std::size(verbs); ++i) {
      CAPTURE(became, verbs[i]);
      CHECK(lab.settle(1, epoch, verbs[i]) == answers[i]);
      CHECK(lab.settle(1, epoch + 1, verbs[i]) == Item::lease_lost);
      CHECK(lab.settle(1, 0, verbs[i]) == Item::lease_lost);
    }
  };
  const Item lost = Item::lease_lost;
  for (Millis keep : {Millis(0), Millis(5000)}) {
    check(State::ready, keep, {lost, Item::ok, lost, lost, lost});
    check(State::succeeded, keep, {lost, lost, Item::ok, lost, lost});
    check(State::dead, keep, {lost, lost, lost, Item::ok, lost});
    check(State::cancelled, keep, {lost, Item::requested, lost, lost, Item::ok});
  }
}

TEST_CASE("a begun mark that is sent twice is charged once, its note is the last one") {
  StoreLab lab;
  lab.put(1);
  const Epoch epoch = lab.claim(1).leased.at(0).epoch;
  Settlement mark = settlement(1, epoch, State::leased);
  mark.charge = Charge::crash;
  mark.note = "one";
  CHECK(lab.settle(mark) == Item::ok);
  mark.note = "two";
  CHECK(lab.settle(mark) == Item::ok);
  CHECK(lab.get(1)->crashes == 1);
  CHECK(lab.get(1)->note == "two");
}

TEST_CASE("epoch 0 is nobody's") {
  StoreLab lab;
  lab.put(1);
  CHECK(lab.settle(1, 0, State::ready) == Item::lease_lost);
}

TEST_CASE("lapsed tasks come first, oldest epoch first, and may be taken in parts") {
  StoreLab lab;
  for (unsigned n = 1; n <= 6; ++n) lab.put(n);
  const Epoch a = lab.claim(3, Millis(500)).leased.at(0).epoch;  // 1 2 3
  const Epoch b = lab.claim(2, Millis(100)).leased.at(0).epoch;  // 4 5, ends before the older batch
  lab.settle(1, a, State::leased);                               // 1 has begun
  lab.pass(Millis(500));
  const Exchanged part = lab.claim(2, Millis(5000));
  CHECK(taken(part) == Numbers{1, 2});
  CHECK(part.leased[0].lapsed);
  CHECK(part.leased[0].begun);
  CHECK_FALSE(part.leased[1].begun);
  CHECK(part.next_due == Millis(0));

  CHECK(lab.settle(2, a, State::succeeded) == Item::lease_lost);
  const Extended rest = lab.extend(a);
  CHECK(rest.what == Item::ok);
  CHECK(numbers(rest.stop) == Numbers{1, 2});
  const Exchanged others = lab.claim(9, Millis(5000));
  CHECK(taken(others) == Numbers{4, 5, 6});
  CHECK(others.leased[0].lapsed);
  CHECK_FALSE(others.leased[2].lapsed);
  CHECK(others.leased[0].epoch == others.leased[2].epoch);
  CHECK(others.next_due == Millis(1000));  // the extended rest of the first batch
  CHECK(lab.extend(b).what == Item::lease_lost);
  CHECK(lab.settle(3, a, State::succeeded) == Item::ok);
  CHECK(lab.extend(a).what == Item::lease_lost);
}

TEST_CASE("a lease that is shortened lapses at its new end, and claimers are told") {
  StoreLab lab;
  lab.put(1);
  const Epoch epoch = lab.claim(1, Millis(60'000)).leased.at(0).epoch;
  CHECK(lab.claim(1).next_due == Millis(60'000));
  const std::uint64_t bell = lab.store.bell();
  lab.extend(epoch, Millis(10));
  CHECK(lab.store.bell() != bell);
  lab.pass(Millis(10));
  CHECK(taken(lab.claim(1)) == Numbers{1});
}

TEST_CASE("the wall clock's jumps do not end leases") {
  StoreLab lab;
  lab.put(1);
  lab.claim(1);
  lab.now.wall += std::chrono::hours(1000);
  CHECK(lab.claim(1).leased.empty());
}

TEST_CASE("a wanted cancel turns release into cancelled, and a lapsed task is ended by the claim") {
  StoreLab lab;
  for (unsigned n = 1; n <= 3; ++n) lab.put(n);
  const Epoch epoch = lab.claim(3).leased.at(0).epoch;
  CHECK(lab.cancel(1) == Item::requested);
  CHECK(lab.cancel(1) == Item::requested);
  CHECK(lab.cancel(2) == Item::requested);
  CHECK(numbers(lab.extend(epoch).stop) == Numbers{1, 2});
  Settlement release = settlement(1, epoch, State::ready);
  release.charge = Charge::failure;
  release.note = "n";
  CHECK(lab.settle(release) == Item::requested);
  CHECK(lab.get(1)->state == State::cancelled);
  CHECK(lab.get(1)->failures == 1);
  CHECK(lab.get(1)->note == "n");
  CHECK(lab.settle(1, epoch, State::ready) == Item::requested);
  lab.pass(Millis(1000));
  CHECK(taken(lab.claim(3)) == Numbers{3});
  CHECK(lab.get(2)->state == State::cancelled);
  CHECK(lab.cancel(2) == Item::finished);
}

TEST_CASE("order is priority, weight, arrival; a retried task has its old place") {
  StoreLab lab;
  lab.put(1, 1);
  lab.put(2, -1);
  lab.put(3, INT32_MIN);
  lab.put(4, INT32_MAX);
  NewTask heavy = task(5);
  heavy.priority = 1;
  heavy.weight = 7;
  lab.put(heavy);
  lab.put(6, 1);
  const Exchanged all = lab.claim(9);
  CHECK(taken(all) == Numbers{3, 2, 5, 1, 6, 4});
  for (unsigned n : {6u, 1u}) lab.settle(n, all.leased[0].epoch, State::ready);
  CHECK(taken(lab.claim(9)) == Numbers{1, 6});
}

TEST_CASE("a cancelled task that an operator sends back is offered once") {
  StoreLab lab;
  for (unsigned n = 1; n <= 3; ++n) lab.put(n);
  for (int i = 0; i < 1000; ++i) {  // each round leaves a stale entry behind
    REQUIRE(lab.cancel(2) == Item::ok);
    REQUIRE(lab.move(2, State::cancelled, State::ready) == Item::ok);
  }
  CHECK(taken(lab.claim(9)) == Numbers{1, 2, 3});
  CHECK(lab.count(State::ready) == 0);
}

TEST_CASE("force takes the task away from its holder") {
  StoreLab lab;
  lab.put(1);
  lab.put(2);
  const Epoch epoch = lab.claim(2).leased.at(0).epoch;
  CHECK(lab.move(1, State::leased, State::cancelled) == Item::ok);
  CHECK(lab.move(1, State::leased, State::cancelled) == Item::finished);
  CHECK(lab.settle(1, epoch, State::cancelled) == Item::lease_lost);
  CHECK(numbers(lab.extend(epoch).stop) == Numbers{1});
  CHECK(lab.move(2, State::scheduled, State::ready) == Item::lease_lost);
}

TEST_CASE("a claim promotes a thousand due tasks, and says that more are there") {
  StoreLab lab;
  for (unsigned n = 0; n < 1100; ++n) lab.put(n, 0, Millis(5));
  CHECK(lab.claim(1).next_due == Millis(5));
  lab.pass(Millis(5));
  CHECK(lab.get(3)->state == State::ready);
  CHECK(lab.count(State::scheduled) == 1100);
  CHECK(lab.claim(2000).leased.size() == 1000);
  CHECK(lab.count(State::scheduled) == 100);
  CHECK(lab.claim(2000).leased.size() == 100);
}

TEST_CASE("children exist iff their parent's settlement counts") {
  StoreLab lab({.max_tasks = 1});
  lab.put(1);
  const Epoch epoch = lab.claim(1).leased.at(0).epoch;
  std::vector<NewTask> children{task(2), task(1)};
  Settlement s = settlement(1, epoch + 1);
  s.children = children;
  CHECK(lab.settle(s) == Item::lease_lost);
  CHECK_FALSE(lab.get(2));
  s.epoch = epoch;
  children[1].weight = 0;
  CHECK(lab.settle(s) == Item::invalid);
  children[1].weight = 1;
  CHECK(lab.settle(s) == Item::ok);
  CHECK(lab.get(2)->state == State::ready);
  CHECK(lab.get(1)->tombstone);
  CHECK(lab.put(3) == Item::full);  // max_tasks counts the child
}
