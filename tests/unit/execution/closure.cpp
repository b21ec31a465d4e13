// Closures on their way to a worker: of any size, move-only, destroyed once.
#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <utility>

#include <penstock/handler.hpp>

#include "unit/execution/context.hpp"

using namespace penstock;
using impl::Closure;

namespace {

// Counts how many of it live.
struct Counted {
  std::shared_ptr<int> alive = std::make_shared<int>(0);
  explicit Counted(std::shared_ptr<int> a) : alive(std::move(a)) { ++*alive; }
  Counted(const Counted& other) : alive(other.alive) { ++*alive; }
  Counted(Counted&& other) noexcept : alive(other.alive) { ++*alive; }
  ~Counted() { --*alive; }
};

template <std::size_t Padding>
Closure padded(std::shared_ptr<int> alive, int& runs) {
  return Closure(
      [counted = Counted(std::move(alive)), &runs, room = std::array<char, Padding>{}] { runs += 1 + room[0]; });
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("a closure is called as often as asked, moved, and destroyed once", "", ((std::size_t N), N), 1,
                       8, 24, 25, 64, 4096) {
  execution::ContextLab lab;
  auto alive = std::make_shared<int>(0);
  int runs = 0;
  {
    Closure one = padded<N>(alive, runs);
    CHECK(*alive == 1);
    CHECK(one(lab.context).verb == Outcome::Verb::done);
    Closure two = std::move(one);
    CHECK_FALSE(one);
    CHECK(*alive == 1);
    two(lab.context);
    CHECK(runs == 2);
    Closure three = padded<N>(alive, runs);
    CHECK(*alive == 2);
    three = std::move(two);
    CHECK(*alive == 1);
    three.reset();
    CHECK_FALSE(three);
    CHECK(*alive == 0);
    three.reset();
    three = padded<N>(alive, runs);
  }
  CHECK(*alive == 0);
}

TEST_CASE("a closure may hold what can only be moved, and give it away") {
  execution::ContextLab lab;
  Closure closure([p = std::make_unique<int>(7)]() mutable { return std::move(p); });
  Outcome out = closure(lab.context);
  auto* held = static_cast<std::unique_ptr<int>*>(out.result->address(&impl::kTypeTag<std::unique_ptr<int>>));
  REQUIRE(held);
  CHECK(**held == 7);
  CHECK(out.result->address(&impl::kTypeTag<int>) == nullptr);
}

TEST_CASE("a closure may take the context, and return an outcome") {
  execution::ContextLab lab;
  Closure closure([](Context& ctx) { return discard(std::string(ctx.task().kind)); });
  Outcome out = closure(lab.context);
  CHECK(out.verb == Outcome::Verb::discard);
  CHECK(out.reason == "k");
}

TEST_CASE("a closure whose move may throw is kept apart, so that moving the closure cannot") {
  struct Throwing {
    Throwing() = default;
    Throwing(Throwing&&) noexcept(false) {}
    int operator()() { return 3; }
  };
  static_assert(std::is_nothrow_move_constructible_v<Closure>);
  execution::ContextLab lab;
  Closure closure{Throwing()};
  Closure moved = std::move(closure);
  CHECK(moved(lab.context).result);
}
