// The budget of retries counts the attempts of the last minute.
#include "durable/retry_budget.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::durable;
using namespace std::chrono_literals;

namespace {

const execution::Instant kStart{std::chrono::hours(1)};

RetryBudget failed_at_start(int failures, int successes) {
  RetryBudget b;
  for (int i = 0; i < failures; ++i) b.add(true, kStart);
  for (int i = 0; i < successes; ++i) b.add(false, kStart);
  return b;
}

}  // namespace

TEST_CASE("a budget is spent when more than its share of the attempts failed, of ten at the least") {
  CHECK(failed_at_start(6, 4).spent(0.5, kStart));
  CHECK_FALSE(failed_at_start(5, 5).spent(0.5, kStart));
  CHECK_FALSE(failed_at_start(9, 0).spent(0.5, kStart));
  CHECK(failed_at_start(10, 0).spent(0.5, kStart));
  CHECK_FALSE(failed_at_start(10, 0).spent(0, kStart));  // no budget
}

TEST_CASE("attempts of more than a minute ago count no more") {
  for (const auto after : {60s, 61s, 66s, 600s, 86'400s}) {
    RetryBudget b = failed_at_start(10, 0);
    CHECK_FALSE(b.spent(0.5, kStart + after));
  }
  RetryBudget b = failed_at_start(10, 0);
  CHECK(b.spent(0.5, kStart + 53s));
}

TEST_CASE("what came later stays when what came before goes") {
  RetryBudget b = failed_at_start(0, 20);
  for (int i = 0; i < 15; ++i) b.add(true, kStart + 30s);
  CHECK_FALSE(b.spent(0.5, kStart + 30s));
  CHECK(b.spent(0.5, kStart + 61s));        // the successes are gone
  CHECK_FALSE(b.spent(0.5, kStart + 91s));  // and the failures
}

TEST_CASE("a budget that nobody asked for long is as good as new") {
  RetryBudget b = failed_at_start(20, 0);
  for (int i = 0; i < 20; ++i) b.add(false, kStart + 3'600s);
  for (int i = 0; i < 10; ++i) b.add(true, kStart + 3'600s);
  CHECK_FALSE(b.spent(0.5, kStart + 3'600s));
}
