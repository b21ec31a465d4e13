// Queues that a limit holds up: the others go on without them.
#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <string>

#include "scheduling/scheduler.hpp"

using namespace penstock::scheduling;

namespace {

constexpr Instant at(int ms) { return Instant(std::chrono::milliseconds(ms)); }

struct Lab {
  Scheduler scheduler;
  std::deque<Schedulable> tasks;

  Schedulable* push(const std::string& queue, int due = 0, int now = 0) {
    Schedulable& t = tasks.emplace_back();
    t.lane = &scheduler.lane(queue);
    scheduler.push(&t, at(due), at(now));
    return &t;
  }
  std::string pop(int now, int count) {
    std::string out;
    while (count-- > 0) {
      Schedulable* t = scheduler.pop(at(now));
      out += t ? t->lane->name[0] : '-';
    }
    return out;
  }
};

}  // namespace

TEST_CASE("a blocked queue gives nothing until its time, and the others take their turns") {
  Lab lab;
  for (int i = 0; i < 3; ++i) lab.push("a"), lab.push("b");
  lab.scheduler.block(lab.scheduler.lane("a"), at(10));
  CHECK(lab.scheduler.ready() == 3);
  CHECK(lab.scheduler.queued() == 6);
  CHECK(lab.pop(0, 4) == "bbb-");
  CHECK(lab.scheduler.next_due() == at(10));
  CHECK(lab.scheduler.blocked().size() == 1);
  CHECK(lab.pop(9, 1) == "-");
  CHECK(lab.pop(10, 4) == "aaa-");
  CHECK(lab.scheduler.blocked().empty());
  CHECK_FALSE(lab.scheduler.next_due());
}

TEST_CASE("what comes to a blocked queue waits with it, in its place") {
  Lab lab;
  Schedulable* first = lab.push("a");
  Lane& lane = *first->lane;
  lab.scheduler.block(lane, at(10));
  Schedulable* second = lab.push("a");
  Schedulable* delayed = lab.push("a", 5);
  Schedulable* late = lab.push("a", 20);
  lab.scheduler.promote(at(5));
  CHECK(lab.scheduler.ready() == 0);
  CHECK(lab.scheduler.queued() == 4);
  CHECK(lab.scheduler.pop(at(10)) == first);
  CHECK(lab.scheduler.pop(at(10)) == second);
  CHECK(lab.scheduler.pop(at(10)) == delayed);
  CHECK(lab.scheduler.pop(at(19)) == nullptr);
  CHECK(lab.scheduler.pop(at(20)) == late);
}

TEST_CASE("the first block holds; an empty queue can be blocked too") {
  Lab lab;
  Lane& lane = lab.scheduler.lane("a");
  lab.scheduler.block(lane, at(10));
  lab.scheduler.block(lane, at(99));
  CHECK(lab.scheduler.next_due() == at(10));
  lab.push("a");
  CHECK(lab.scheduler.ready() == 0);
  CHECK(lab.pop(10, 1) == "a");
  lab.push("a");
  lab.scheduler.block(lane, Instant::max());
  lab.scheduler.promote(Instant::max());  // as a stop does
  CHECK(lab.scheduler.ready() == 1);
}

TEST_CASE("a task can be taken out of a blocked queue") {
  Lab lab;
  Schedulable* first = lab.push("a");
  Schedulable* second = lab.push("a");
  lab.push("b");
  lab.scheduler.block(*first->lane, at(10));
  CHECK(lab.scheduler.erase(first));
  CHECK(lab.scheduler.erase(second));
  CHECK(lab.scheduler.queued() == 1);
  CHECK(lab.pop(10, 2) == "b-");
  lab.push("a");
  CHECK(lab.pop(10, 1) == "a");
}

TEST_CASE("a peek shows what pop will give, and takes nothing") {
  Lab lab;
  CHECK(lab.scheduler.peek(at(0)) == nullptr);
  std::mt19937 random(4);
  for (int step = 0; step < 20'000; ++step) {
    const std::string queue(1, static_cast<char>('a' + random() % 3));
    switch (random() % 5) {
      case 0:
      case 1:
        lab.push(queue, step + static_cast<int>(random() % 5), step);
        break;
      case 2:
        if (random() % 4 == 0)
          lab.scheduler.block(lab.scheduler.lane(queue), at(step + static_cast<int>(random() % 50)));
        break;
      default: {
        Schedulable* next = lab.scheduler.peek(at(step));
        const std::size_t queued = lab.scheduler.queued();
        REQUIRE(lab.scheduler.pop(at(step)) == next);
        REQUIRE(lab.scheduler.queued() == queued - (next ? 1 : 0));
        REQUIRE((!next || !next->lane->blocked));
      }
    }
    REQUIRE(lab.scheduler.ready() + lab.scheduler.delayed() <= lab.scheduler.queued());
  }
}
