// Middleware around an attempt.
#include "execution/chain.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "unit/execution/context.hpp"

using namespace penstock;
using namespace penstock::execution;

namespace {

struct Lab : ContextLab {
  std::vector<Middleware> chain;
  std::string trace;
  Outcome run(Outcome inner = done()) {
    return run_chain(chain, context, [&](Context&) {
      trace += "handler ";
      return std::move(inner);
    });
  }
  void wrap(std::string name) {
    chain.push_back([this, name](Context& ctx, const Next& next) {
      trace += name + "> ";
      Outcome out = next(ctx);
      trace += "<" + name + " ";
      return out;
    });
  }
};

}  // namespace

TEST_CASE("without middleware the handler's outcome is the attempt's") {
  Lab lab;
  Outcome out = lab.run(snooze(Millis(7)));
  CHECK(out.verb == Outcome::Verb::snooze);
  CHECK(out.delay == Millis(7));
}

TEST_CASE("the first one given is outermost") {
  Lab lab;
  lab.wrap("a");
  lab.wrap("b");
  CHECK(lab.run().verb == Outcome::Verb::done);
  CHECK(lab.trace == "a> b> handler <b <a ");
}

TEST_CASE("one that does not call next ends the attempt") {
  Lab lab;
  lab.wrap("a");
  lab.chain.push_back([](Context&, const Next&) { return discard("not today"); });
  lab.wrap("c");
  Outcome out = lab.run();
  CHECK(out.verb == Outcome::Verb::discard);
  CHECK(out.reason == "not today");
  CHECK(lab.trace == "a> <a ");
}

TEST_CASE("one may change the outcome, and run the rest again") {
  Lab lab;
  lab.chain.push_back([](Context& ctx, const Next& next) {
    Outcome first = next(ctx);
    return first.verb == Outcome::Verb::retry ? next(ctx) : std::move(first);
  });
  int runs = 0;
  Outcome out = run_chain(lab.chain, lab.context, [&](Context&) { return ++runs == 1 ? retry("once") : done(42); });
  CHECK(runs == 2);
  CHECK(out.verb == Outcome::Verb::done);
  CHECK(out.result);
}

TEST_CASE("what middleware throws is a failure with its text, before and after the handler") {
  Lab lab;
  bool before = GENERATE(true, false);
  lab.wrap("a");
  lab.chain.push_back([before](Context& ctx, const Next& next) -> Outcome {
    if (!before) next(ctx);
    throw std::runtime_error("broken");
  });
  Outcome out = lab.run();
  CHECK(out.verb == Outcome::Verb::retry);
  CHECK(out.reason == "broken");
  CHECK(lab.trace == (before ? "a> " : "a> handler "));
}

TEST_CASE("middleware that throws something odd is a failure too") {
  Lab lab;
  lab.chain.push_back([](Context&, const Next&) -> Outcome { throw 7; });
  Outcome out = lab.run();
  CHECK(out.verb == Outcome::Verb::retry);
  CHECK_FALSE(out.reason.empty());
}
