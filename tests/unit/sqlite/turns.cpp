// Who leads, and for whom.
#include "../shared/turns.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

namespace {

struct Request : penstock::shared::Turns<Request>::Ticket {};
using Turns = penstock::shared::Turns<Request>;
using Group = std::span<Request* const>;
using namespace std::chrono_literals;

void wait_for_callers(Turns& turns, std::size_t count) {
  while (turns.waiting() < count) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a leader waits for those who called during the last round, and acts for them too") {
  Turns turns;
  std::vector<std::size_t> groups;
  std::atomic<bool> second_round{false};
  std::thread other;
  auto tidy = [] {};
  Request mine, mine_again;
  turns.take(
      mine, 0s,
      [&](Group group) {
        groups.push_back(group.size());
        other = std::thread([&] {
          Request theirs, theirs_again;
          turns.take(
              theirs, 0s,
              [&](Group second) {
                groups.push_back(second.size());
                second_round = true;
                wait_for_callers(turns, 1);  // this round has company: `mine_again`
              },
              tidy);
          turns.take(
              theirs_again, 0s,
              [&](Group) {
                groups.push_back(0); /* it was to be waited for */
              },
              tidy);
        });
        wait_for_callers(turns, 1);
      },
      tidy);
  while (!second_round) std::this_thread::yield();
  turns.take(
      mine_again, 1h, [&](Group group) { groups.push_back(group.size()); }, tidy);
  other.join();
  CHECK(groups == std::vector<std::size_t>{1, 1, 2});
}

TEST_CASE("a leader that was alone does not wait") {
  Turns turns;
  for (int i = 0; i < 100; ++i) {
    Request alone;
    turns.take(
        alone, 1h, [](Group group) { REQUIRE(group.size() == 1); }, [] {});
  }
}

TEST_CASE("work in a spare moment is left out while somebody leads") {
  Turns turns;
  int spare = 0;
  turns.spare([&] { ++spare; });
  CHECK(spare == 1);
  Request request;
  turns.take(
      request, std::chrono::seconds(0), [&](Group) { turns.spare([&] { ++spare; }); }, [] {});
  CHECK(spare == 1);
}
