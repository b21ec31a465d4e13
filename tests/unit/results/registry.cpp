// Slots, ids and generations of in-memory tasks.
#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "unit/results/lab.hpp"

using namespace penstock;
using namespace penstock::results;

TEST_CASE("a task is found by its id until it is let go") {
  Lab lab({.count = 0});
  LocalTask& task = lab.registry.add();
  const TaskId id = lab.registry.id_of(task);
  CHECK(lab.registry.find(id) == &task);
  CHECK(lab.registry.owns(id));
  CHECK(lab.registry.active() == 1);
  lab.end(task);
  CHECK(lab.registry.active() == 0);
  CHECK(lab.registry.find(id) == nullptr);
  CHECK(lab.registry.owns(id));
}

TEST_CASE("a slot used again has another id, and the old one stays unknown") {
  Lab lab({.count = 0});
  std::set<TaskId> ids;
  for (int i = 0; i < 1000; ++i) {
    LocalTask& task = lab.registry.add();
    CHECK(ids.insert(lab.registry.id_of(task)).second);
    lab.end(task);
  }
  for (const TaskId& id : ids) CHECK(lab.registry.find(id) == nullptr);
}

TEST_CASE("a slot used again remembers nothing") {
  Lab lab({.count = 0});
  LocalTask& task = lab.registry.add();
  task.error = "old";
  task.failures = 3;
  task.arrival = 99;
  task.cancel_requested = task.stop_wanted = true;
  task.details = std::make_unique<LocalDetails>();
  task.result = std::make_unique<impl::TypedResult<int>>(1);
  lab.end(task);
  LocalTask& again = lab.registry.add();
  REQUIRE(&again == &task);
  CHECK(again.error.empty());
  CHECK(again.failures == 0);
  CHECK(again.arrival == 0);
  CHECK_FALSE(again.cancel_requested);
  CHECK_FALSE(again.stop_wanted);
  CHECK_FALSE(again.details);
  CHECK_FALSE(again.result);
  CHECK(again.status == Status::queued);
}

TEST_CASE("ids of others are not taken for one's own") {
  Lab lab, other;
  const TaskId foreign = other.registry.id_of(other.registry.add());
  CHECK_FALSE(lab.registry.owns(foreign));
  CHECK(lab.registry.find(foreign) == nullptr);
  CHECK_FALSE(lab.registry.owns(make_task_id()));
  CHECK_FALSE(lab.registry.owns(TaskId{}));
}

TEST_CASE("no id that was not given out is found") {
  Lab lab;
  LocalTask& task = lab.registry.add();
  const TaskId good = lab.registry.id_of(task);
  for (std::size_t octet = 0; octet < 16; ++octet) {
    for (int bit = 0; bit < 8; ++bit) {
      TaskId bad = good;
      bad.bytes[octet] = static_cast<unsigned char>(bad.bytes[octet] ^ (1 << bit));
      if (octet == 8 && bit >= 6) continue;  // the variant: not part of the slot's number
      CHECK(lab.registry.find(bad) == nullptr);
    }
  }
}

TEST_CASE("a task whose handler is still inside keeps its slot after its end") {
  Lab lab({.count = 0});
  LocalTask& task = lab.registry.add();
  const TaskId id = lab.registry.id_of(task);
  task.pinned = true;
  lab.end(task);
  CHECK(lab.registry.find(id) == nullptr);
  std::vector<LocalTask*> others;
  for (int i = 0; i < 1000; ++i) others.push_back(&lab.registry.add());
  for (LocalTask* other : others) CHECK(other != &task);
  lab.registry.unpin(task);
  CHECK(&lab.registry.add() == &task);
}

TEST_CASE("those that have not ended can be walked") {
  Lab lab;
  std::set<LocalTask*> expected;
  for (int i = 0; i < 600; ++i) {
    LocalTask& task = lab.registry.add();
    if (i % 3 == 0) {
      lab.end(task);
    } else {
      expected.insert(&task);
    }
  }
  std::set<LocalTask*> seen;
  lab.registry.for_each_active([&](LocalTask& task) { seen.insert(&task); });
  CHECK(seen == expected);
}
