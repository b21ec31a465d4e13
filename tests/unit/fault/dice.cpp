// The chances are even, and the same for the same seed.
#include "fault/dice.hpp"

#include <catch2/catch.hpp>

using namespace penstock::fault;

TEST_CASE("the same call of the same seed fares the same, another one does not") {
  const Throw once = roll(7, 2, 100), again = roll(7, 2, 100);
  CHECK((once.error == again.error && once.unknown == again.unknown && once.delayed == again.delayed));
  CHECK(roll(8, 2, 100).error != once.error);
  CHECK(roll(7, 3, 100).error != once.error);
  CHECK(roll(7, 2, 101).error != once.error);
}

TEST_CASE("each chance strikes as often as its rate says, whatever the others do") {
  int error = 0, unknown = 0, delayed = 0, both = 0;
  for (std::uint64_t call = 1; call <= 100'000; ++call) {
    const Throw t = roll(1, 0, call);
    REQUIRE((t.error >= 0 && t.error < 1 && t.length >= 0 && t.length < 1));
    error += t.error < 0.1, unknown += t.unknown < 0.2, delayed += t.delayed < 0.5;
    both += t.error < 0.1 && t.unknown < 0.2;
  }
  CHECK(std::abs(error - 10'000) < 600);  // six standard deviations, and the seed is fixed
  CHECK(std::abs(unknown - 20'000) < 800);
  CHECK(std::abs(delayed - 50'000) < 1000);
  CHECK(std::abs(both - 2'000) < 300);
}
