// A bucket by the clock in hand: what it gives in any span of time, and what comes back.
#include "token_bucket/bucket.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <deque>
#include <random>
#include <utility>

using penstock::token_bucket::Bucket;
using Millis = std::chrono::milliseconds;

namespace {
constexpr Millis kStart{1'000'000};
}

TEST_CASE("a bucket starts full, gives its burst, and then its rate") {
  Bucket bucket(10, 3, kStart);
  CHECK(bucket.take(kStart, 5) == 3);
  CHECK(bucket.take(kStart, 1) == 0);
  CHECK(bucket.next_in(kStart) == Millis(100));
  CHECK(bucket.take(kStart + Millis(99), 1) == 0);
  CHECK(bucket.next_in(kStart + Millis(99)) == Millis(1));
  CHECK(bucket.take(kStart + Millis(100), 2) == 1);
  CHECK(bucket.take(kStart + Millis(350), 9) == 2);
}

TEST_CASE("left alone it is full again, and no fuller") {
  Bucket bucket(1000, 5, kStart);
  bucket.take(kStart, 5);
  CHECK(bucket.take(kStart + std::chrono::hours(24 * 365), 100) == 5);
}

TEST_CASE("what comes back can be taken again, up to what was taken") {
  Bucket bucket(1, 4, kStart);
  CHECK(bucket.take(kStart, 3) == 3);
  bucket.refund(kStart, 2);
  CHECK(bucket.take(kStart, 9) == 3);
  bucket.refund(kStart, 1'000'000);
  CHECK(bucket.take(kStart, 9) == 4);
  Bucket full(1, 4, kStart);
  full.refund(kStart, 7);
  CHECK(full.take(kStart, 9) == 4);
}

TEST_CASE("the slowest and the fastest rates keep their word") {
  Bucket slow(1.0 / 3600, 1, kStart);
  CHECK(slow.take(kStart, 2) == 1);
  CHECK(slow.next_in(kStart) == std::chrono::hours(1));
  Bucket glacial(1e-9, 1, kStart);
  glacial.take(kStart, 1);
  CHECK(glacial.next_in(kStart) > std::chrono::hours(24 * 100));
  Bucket fast(1e9, 1'000'000'000, kStart);
  CHECK(fast.take(kStart, UINT32_MAX) == 1'000'000'000);
  CHECK(fast.next_in(kStart) == Millis(1));
  CHECK(fast.take(kStart + Millis(10), UINT32_MAX) == 10'000'000);
  fast.refund(kStart + Millis(10), UINT32_MAX);
  CHECK(fast.take(kStart + Millis(10), UINT32_MAX) == 1'000'000'000);
}

// In any span of time t no more than burst + rate * t are taken, and one that always asks gets no less
// than the rate.
TEST_CASE("over any span the bound holds exactly, for years, and nothing is withheld") {
  std::mt19937 random(9);
  for (int round = 0; round < 40; ++round) {
    const double rate = std::exp2(static_cast<double>(random() % 160) / 10 - 6);  // 1/64 up to 1,000 a second
    const auto burst = static_cast<std::uint32_t>(1 + random() % 50);
    Bucket bucket(rate, burst, kStart);
    Millis now = kStart;
    double level = static_cast<double>(burst);  // of the simplest bucket there is
    std::uint64_t taken = 0;
    for (int step = 0; step < 5'000; ++step) {
      const Millis pause(static_cast<std::int64_t>(random() % 200 == 0 ? random() % 10'000'000 : random() % 50));
      now += pause;
      level = std::min(static_cast<double>(burst), level + rate * static_cast<double>(pause.count()) / 1000);
      const auto want = static_cast<std::uint32_t>(random() % 4);
      const auto got = bucket.take(now, want);
      REQUIRE((got <= want && got <= level + 1e-3));
      if (got < want) REQUIRE(level - got < 1 + 1e-3);  // an interval is rounded up to a nanosecond
      level -= got;
      taken += got;
      if (got > 0 && random() % 8 == 0) {
        bucket.refund(now, 1);
        level += 1;
        --taken;
      }
    }
    REQUIRE(static_cast<double>(taken) <=
            static_cast<double>(burst) + rate * static_cast<double>((now - kStart).count()) / 1000 + 1e-3);
  }
}

TEST_CASE("who waits as long as he is told gets one, and not before") {
  std::mt19937 random(10);
  for (int round = 0; round < 2000; ++round) {
    Bucket bucket(std::exp2(static_cast<double>(random() % 160) / 10 - 6), static_cast<std::uint32_t>(1 + random() % 5),
                  kStart);
    Millis now = kStart;
    while (bucket.take(now, 1) == 1) now += Millis(random() % 3 == 0 ? 1 : 0);
    const Millis wait = bucket.next_in(now);
    Bucket early = bucket;
    if (wait > Millis(1)) REQUIRE(early.take(now + wait - Millis(1), 1) == 0);
    REQUIRE(bucket.take(now + wait, 1) == 1);
  }
}
