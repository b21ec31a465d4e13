// When a failed task runs again.
#include <catch2/catch.hpp>
#include <cstdint>

#include <penstock/retry.hpp>

#include "base/later.hpp"
#include "base/random.hpp"

using namespace penstock;
using namespace std::chrono_literals;

namespace {

Millis steady(RetryPolicy policy, std::uint32_t k) {
  policy.jitter = false;
  return retry_delay(policy, k, 0);
}

}  // namespace

TEST_CASE("without jitter the delay doubles up to the cap and stays there") {
  RetryPolicy policy;
  CHECK(steady(policy, 1) == 1s);
  CHECK(steady(policy, 2) == 2s);
  CHECK(steady(policy, 6) == 32s);
  CHECK(steady(policy, 7) == 60s);
  CHECK(steady(policy, 8) == 60s);
  CHECK(steady(policy, UINT32_MAX) == 60s);
  CHECK(steady(policy, 0) == 1s);
}

TEST_CASE("no delay is none with jitter, too") {
  RetryPolicy policy;
  policy.backoff = Millis(0);
  REQUIRE(policy.jitter);
  CHECK(retry_delay(policy, 1, 12345) == 0s);
}

TEST_CASE("a delay never shrinks with the number of retries, nor runs over") {
  base::Random random(1);
  for (int round = 0; round < 2000; ++round) {
    RetryPolicy policy;
    policy.backoff = Millis(static_cast<std::int64_t>(random.next() >> (random.next() % 63)));
    policy.cap = Millis(static_cast<std::int64_t>(random.next() >> (random.next() % 63)));
    Millis last{0};
    for (std::uint32_t k = 1; k < 70; ++k) {
      Millis delay = steady(policy, k);
      REQUIRE((delay >= last && delay <= std::max(policy.cap, Millis(0))));
      last = delay;
    }
  }
}

TEST_CASE("negative and zero settings mean at once") {
  CHECK(steady({.backoff = -5s}, 3) == 0ms);
  CHECK(steady({.backoff = 0ms}, 3) == 0ms);
  CHECK(steady({.backoff = 5s, .cap = -1s}, 3) == 0ms);
  CHECK(steady({.backoff = Millis::min(), .cap = Millis::min()}, 3) == 0ms);
  CHECK(steady({.backoff = Millis::max(), .cap = Millis::max()}, 3) == Millis::max());
  CHECK(retry_delay({.backoff = Millis::max(), .cap = Millis::max()}, 3, UINT64_MAX) >= 0ms);
}

TEST_CASE("jitter is uniform over the whole delay, both ends included") {
  const RetryPolicy policy{.backoff = 9ms, .cap = 1s};
  CHECK(retry_delay(policy, 1, 0) == 0ms);
  CHECK(retry_delay(policy, 1, 9) == 9ms);
  base::Random random(42);
  int hits[10] = {};
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) {
    auto delay = retry_delay(policy, 1, random.next()).count();
    REQUIRE((delay >= 0 && delay <= 9));
    ++hits[delay];
  }
  for (int n : hits) CHECK(n == Approx(kDraws / 10).epsilon(0.05));
}

TEST_CASE("a time beyond any program's life is never") {
  const base::Instant now{std::chrono::hours(1)};
  CHECK(base::later(now, 5ms) == now + 5ms);
  CHECK(base::later(now, -5ms) == now - 5ms);
  CHECK(base::later(now, Millis::max()) == base::Instant::max());
  CHECK(base::later(now, std::chrono::hours(24 * 365 * 100)) == base::Instant::max());
  CHECK(base::later(now, std::chrono::hours(24 * 365 * 99)) < base::Instant::max());
}

TEST_CASE("a seed repeats its numbers, another gives others") {
  base::Random one(7), same(7), other(8), kernel, kernel_too;
  int equal = 0;
  for (int i = 0; i < 1000; ++i) {
    std::uint64_t n = one.next();
    REQUIRE(n == same.next());
    equal += n == other.next();
    equal += kernel.next() == kernel_too.next();
  }
  CHECK(equal == 0);
}
