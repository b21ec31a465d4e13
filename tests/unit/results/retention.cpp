// What is remembered of ended in-memory tasks: by count, by age, by size.
#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <string>

#include <penstock/outcome.hpp>

#include "unit/results/lab.hpp"

using namespace penstock;
using namespace penstock::results;
using namespace std::chrono_literals;

namespace {

struct Ended : Lab {
  using Lab::Lab;
  std::vector<TaskId> ids;

  LocalTask& end_one(std::unique_ptr<ResultValue> result = nullptr, std::string error = {}) {
    LocalTask& task = registry.add();
    ids.push_back(registry.id_of(task));
    task.result = std::move(result);
    task.error = std::move(error);
    end(task);
    return task;
  }
  // Which of the tasks, in the order of their ends, are still known.
  std::string known() {
    std::string out;
    for (const TaskId& id : ids) out += registry.find(id) ? '1' : '0';
    return out;
  }
};

std::unique_ptr<ResultValue> text(std::size_t size) {
  return std::make_unique<impl::TypedResult<std::string>>(std::string(size, 'x'));
}

}  // namespace

TEST_CASE("beyond the count the oldest end goes first") {
  Ended lab({.count = 3});
  for (int i = 0; i < 5; ++i) lab.end_one();
  CHECK(lab.known() == "00111");
  CHECK(lab.registry.kept() == 3);
}

TEST_CASE("what ended long ago goes, at the next end or when asked") {
  Ended lab({.count = 100, .age = 10s});
  lab.end_one();
  lab.now += 5s;
  lab.end_one();
  lab.now += 4999ms;
  lab.registry.trim(lab.now, lab.garbage);
  CHECK(lab.known() == "11");
  lab.now += 1ms;
  lab.registry.trim(lab.now, lab.garbage);
  CHECK(lab.known() == "01");
  lab.now += 5s;
  lab.end_one();
  CHECK(lab.known() == "001");
}

TEST_CASE("results and errors count by their size") {
  Ended lab({.count = 1000, .bytes = 1 << 20});
  lab.end_one(text(400'000));
  lab.end_one(text(400'000));
  CHECK(lab.known() == "11");
  lab.end_one(text(400'000));
  CHECK(lab.known() == "011");
  lab.end_one(nullptr, std::string(400'000, 'e'));
  CHECK(lab.known() == "0011");
  lab.end_one(text(2 << 20));  // larger than everything allowed: not even itself stays
  CHECK(lab.known() == "00000");
  CHECK(lab.registry.kept_octets() == 0);
}

TEST_CASE("what only few tasks have counts where it is there") {
  Ended lab({.count = 1000, .bytes = 1 << 20});
  lab.end_one();
  const std::uint64_t plain = lab.registry.kept_octets();
  LocalTask& task = lab.registry.add();
  task.details = std::make_unique<LocalDetails>();
  lab.end(task);
  CHECK(lab.registry.kept_octets() == 2 * plain + sizeof(LocalDetails));
}

TEST_CASE("a result that is taken counts no more, and is taken once") {
  Ended lab({.count = 1000, .bytes = 1 << 20});
  LocalTask& task = lab.end_one(text(900'000));
  CHECK(lab.registry.take_result(task));
  CHECK_FALSE(lab.registry.take_result(task));
  lab.end_one(text(900'000));
  CHECK(lab.known() == "11");
}

TEST_CASE("what slots held is handed to the caller to destroy") {
  struct Loud {
    explicit Loud(int* d) : destroyed(d) {}
    Loud(Loud&& other) noexcept : destroyed(std::exchange(other.destroyed, nullptr)) {}
    ~Loud() {
      if (destroyed) ++*destroyed;
    }
    int* destroyed;
  };
  int destroyed = 0;
  Ended lab({.count = 0});
  lab.end_one(std::make_unique<impl::TypedResult<Loud>>(Loud(&destroyed)));
  CHECK(destroyed == 0);
  CHECK(lab.garbage.size() == 1);
  lab.garbage.clear();
  CHECK(destroyed == 1);
}

TEST_CASE("under random use the books are right and the limits hold") {
  std::mt19937 random(5);
  Ended lab({.count = 50, .age = 100ms, .bytes = 60'000});
  std::deque<LocalTask*> running;
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 2 == 0 || running.empty()) {
      LocalTask& task = lab.registry.add();
      task.result = random() % 2 ? text(random() % 2000) : nullptr;
      running.push_back(&task);
    } else {
      LocalTask& task = *running.front();
      running.pop_front();
      const TaskId id = lab.registry.id_of(task);
      lab.end(task);
      if (LocalTask* kept = lab.registry.find(id); kept && random() % 3 == 0) lab.registry.take_result(*kept);
    }
    if (random() % 10 == 0) lab.now += std::chrono::milliseconds(random() % 10);
    REQUIRE(lab.registry.active() == running.size());
    REQUIRE((lab.registry.kept() <= 50 && lab.registry.kept_octets() <= 60'000));
    REQUIRE((lab.registry.kept() > 0) == (lab.registry.kept_octets() > 0));
    lab.garbage.clear();
  }
  lab.now += 1s;
  lab.registry.trim(lab.now, lab.garbage);
  CHECK(lab.registry.kept() == 0);
  CHECK(lab.registry.kept_octets() == 0);
}
