// Whatever user code throws becomes an outcome with a text.
#include <catch2/catch.hpp>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include <penstock/handler.hpp>

using namespace penstock;
using impl::run_guarded;

namespace {

// `what` and `depth` causes below it.
[[noreturn]] void throw_nested(int depth) {
  if (depth == 0) throw std::runtime_error("cause");
  try {
    throw_nested(depth - 1);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("level " + std::to_string(depth)));
  }
}

std::string reason_of(const Outcome& out) {
  CHECK(out.verb == Outcome::Verb::retry);
  CHECK_FALSE(out.delay);
  CHECK_FALSE(out.result);
  return out.reason;
}

}  // namespace

TEST_CASE("nothing, a value and an outcome are all outcomes") {
  CHECK(run_guarded([] {}).verb == Outcome::Verb::done);
  CHECK_FALSE(run_guarded([] {}).result);
  CHECK(run_guarded([] { return 3; }).result);
  CHECK(run_guarded([] { return fail("no"); }).verb == Outcome::Verb::fail);
}

TEST_CASE("an exception's text is the reason, with those of its causes") {
  CHECK(reason_of(run_guarded([] { throw std::runtime_error("disk is full"); })) == "disk is full");
  CHECK(reason_of(run_guarded([] { throw_nested(2); })) == "level 2: level 1: cause");
  CHECK(reason_of(run_guarded([] {
          try {
            throw 3;
          } catch (...) {
            std::throw_with_nested(std::runtime_error("outer"));
          }
        })) == "outer: something that is not a std::exception");
}

TEST_CASE("a nested exception without a cause is its own text") {
  CHECK(reason_of(run_guarded([] { std::throw_with_nested(std::runtime_error("outer")); })) == "outer");
}

TEST_CASE("causes without end are cut") {
  std::string text = reason_of(run_guarded([] { throw_nested(100); }));
  CHECK(text.rfind("level 100: level 99: ", 0) == 0);
  CHECK(text.find("level 90") == std::string::npos);
}

TEST_CASE("what is no std::exception has a reason too") {
  CHECK_FALSE(reason_of(run_guarded([] { throw 7; })).empty());
  CHECK_FALSE(reason_of(run_guarded([] { throw "text"; })).empty());
  CHECK_FALSE(reason_of(run_guarded([] { throw nullptr; })).empty());
  CHECK(reason_of(run_guarded([] { throw std::bad_alloc(); })).find("alloc") != std::string::npos);
}
