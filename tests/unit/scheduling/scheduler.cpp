// Delays, places and taking out, through the whole scheduler.
#include "scheduling/scheduler.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace penstock::scheduling;
using std::chrono::milliseconds;

namespace {

constexpr Instant at(int ms) { return Instant(milliseconds(ms)); }

struct Lab {
  Scheduler scheduler;
  std::vector<Schedulable> tasks = std::vector<Schedulable>(16);

  Schedulable& push(int n, int due = 0, int now = 0, const char* queue = "q") {
    tasks[n].lane = &scheduler.lane(queue);
    scheduler.push(&tasks[n], at(due), at(now));
    return tasks[n];
  }
  // Which tasks come out at `now`, in order.
  std::vector<int> drain(int now) {
    std::vector<int> out;
    while (Schedulable* t = scheduler.pop(at(now))) out.push_back(static_cast<int>(t - tasks.data()));
    return out;
  }
};

using Order = std::vector<int>;

}  // namespace

TEST_CASE("among equals, who came first goes first") {
  Lab lab;
  for (int n : {3, 1, 2, 0}) lab.push(n);
  CHECK(lab.scheduler.ready() == 4);
  CHECK(lab.drain(0) == Order{3, 1, 2, 0});
}

TEST_CASE("a delayed task waits for its time, and then stands where it arrived") {
  Lab lab;
  lab.push(0, 10);
  lab.push(1, 5);
  lab.push(2, 10);
  lab.push(3);
  CHECK(lab.scheduler.delayed() == 3);
  CHECK(lab.scheduler.ready() == 1);
  CHECK(lab.scheduler.next_due() == at(5));
  CHECK(lab.drain(4) == Order{3});
  CHECK(lab.drain(5) == Order{1});
  CHECK(lab.scheduler.next_due() == at(10));
  lab.push(3, 0, 9);  // again: it keeps its arrival, after 0 and 2
  CHECK(lab.drain(10) == Order{0, 2, 3});
  CHECK_FALSE(lab.scheduler.next_due());
}

TEST_CASE("what is due at once does not wait, whatever the date") {
  Lab lab;
  lab.push(0, -1000, 0);
  lab.push(1, 7, 7);
  CHECK(lab.drain(7) == Order{0, 1});
  lab.push(2, 0, 0);
  lab.tasks[3].lane = &lab.scheduler.lane("q");
  lab.scheduler.push(&lab.tasks[3], Instant::max(), at(0));
  CHECK(lab.drain(1'000'000) == Order{2});
  lab.scheduler.promote(Instant::max());
  CHECK(lab.drain(0) == Order{3});
}

TEST_CASE("a task can be taken out of every place, once") {
  Lab lab;
  Schedulable& ready = lab.push(0);
  Schedulable& delayed = lab.push(1, 10);
  lab.push(2);
  lab.push(3, 0, 0, "other");
  lab.scheduler.pop(at(0));  // 0 is out
  lab.push(0);               // and comes back to the front
  CHECK(lab.scheduler.erase(&ready));
  CHECK_FALSE(lab.scheduler.erase(&ready));
  CHECK(lab.scheduler.erase(&delayed));
  CHECK_FALSE(lab.scheduler.erase(&delayed));
  CHECK(lab.scheduler.delayed() == 0);
  CHECK(lab.scheduler.ready() == 2);
  CHECK(lab.scheduler.erase(&lab.tasks[3]));  // the last of its queue
  CHECK(lab.drain(100) == Order{2});
  CHECK_FALSE(lab.scheduler.erase(&lab.tasks[4]));
}

TEST_CASE("a queue is made once, and lives on when it is empty") {
  Lab lab;
  Lane& lane = lab.scheduler.lane("q");
  lab.push(0);
  lab.drain(0);
  CHECK(&lab.scheduler.lane("q") == &lane);
  CHECK(&lab.scheduler.lane("other") != &lane);
  CHECK(lane.name == "q");
}

TEST_CASE("whether all that is ready is in one queue") {
  Lab lab;
  CHECK(!lab.scheduler.one_queue());
  lab.push(0);
  lab.push(1, 5, 0, "other");  // not ready yet
  CHECK(lab.scheduler.one_queue());
  lab.scheduler.promote(at(5));
  CHECK(!lab.scheduler.one_queue());
  lab.scheduler.pop(at(5));
  CHECK(lab.scheduler.one_queue());
  lab.scheduler.block(lab.scheduler.lane("other"), at(9));
  CHECK(!lab.scheduler.one_queue());
}
