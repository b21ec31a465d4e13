// Task ids: RFC 9562 version 7, in order within a thread, and their text.
#include <catch2/catch.hpp>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include <penstock/task.hpp>

using namespace penstock;

namespace {

std::uint64_t millis_of(const TaskId& id) {
  std::uint64_t out = 0;
  for (int i = 0; i < 6; ++i) out = out << 8 | id.bytes[i];
  return out;
}

std::uint64_t wall() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<Millis>(now).count());
}

}  // namespace

TEST_CASE("ids of one thread rise strictly, and say their version and variant") {
  TaskId last{};
  for (int i = 0; i < 100'000; ++i) {
    TaskId id = make_task_id();
    REQUIRE((last < id && id.bytes[6] >> 4 == 7 && id.bytes[8] >> 6 == 2));
    last = id;
  }
}

TEST_CASE("an id bears the time at which it was made") {
  // Ids made faster than the counter allows run ahead of the clock, so a thread of its own starts afresh.
  std::jthread([] {
    std::uint64_t before = wall();
    std::uint64_t made = millis_of(make_task_id());
    CHECK(made >= before);
    CHECK(made <= wall());
  }).join();
}

TEST_CASE("ids run ahead of the clock only where a millisecond has more of them than the counter has room for") {
  std::jthread([] {
    TaskId last;
    for (int i = 0; i < 20'000; ++i) last = make_task_id();
    CHECK(millis_of(last) <= wall() + 20'000 / (0xfff - 0x3ff) + 1);  // it starts within a quarter of its room
  }).join();
}

TEST_CASE("ids of several threads never meet") {
  constexpr int kThreads = 4, kEach = 20'000;
  std::vector<std::vector<TaskId>> made(kThreads);
  {
    std::vector<std::jthread> threads;
    for (auto& ids : made) {
      threads.emplace_back([&ids] {
        for (int i = 0; i < kEach; ++i) ids.push_back(make_task_id());
      });
    }
  }
  std::set<TaskId> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  CHECK(all.size() == kThreads * kEach);
}

TEST_CASE("the text of an id reads back as the id") {
  for (int i = 0; i < 1000; ++i) {
    TaskId id = make_task_id();
    CHECK(parse_task_id(to_text(id)) == id);
  }
  TaskId id{{0x01, 0x92, 0xf0, 0xc1, 0x7a, 0x3c, 0x7b, 0x1e, 0x9f, 0x00, 0x2b, 0x6c, 0x3d, 0x4e, 0x5f, 0x60}};
  CHECK(to_text(id) == "0192f0c1-7a3c-7b1e-9f00-2b6c3d4e5f60");
  CHECK(parse_task_id("0192F0C1-7A3C-7B1E-9F00-2B6C3D4E5F60") == id);
  CHECK(to_text(TaskRef{"mail", id}) == "mail/0192f0c1-7a3c-7b1e-9f00-2b6c3d4e5f60");
}

TEST_CASE("no other text is an id") {
  const std::string good = "0192f0c1-7a3c-7b1e-9f00-2b6c3d4e5f60";
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_FALSE(parse_task_id(good.substr(0, n)));
  CHECK_FALSE(parse_task_id(good + "0"));
  CHECK_FALSE(parse_task_id(" " + good.substr(1)));
  CHECK_FALSE(parse_task_id("{" + good + "}"));
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (char c : {'g', '-', ' ', '\0', '\xff', '+', 'x'}) {
      std::string bad = good;
      if (bad[at] == c) continue;
      bad[at] = c;
      CAPTURE(bad);
      CHECK_FALSE(parse_task_id(bad));
    }
  }
}

TEST_CASE("every status has a name of its own, and the last four are ends") {
  std::set<std::string> names;
  for (int s = 0; s <= static_cast<int>(Status::cancelled); ++s) names.insert(name(static_cast<Status>(s)));
  CHECK(names.size() == 8);
  CHECK_FALSE(names.contains("unknown"));
  CHECK_FALSE(ended(Status::retrying));
  CHECK(ended(Status::succeeded));
  CHECK(ended(Status::cancelled));
}
