// What a handler sees of its attempt.
#include <catch2/catch.hpp>

#include "unit/execution/context.hpp"

using namespace penstock;
using namespace penstock::execution;

TEST_CASE("a context shows the task, its payload and its metadata") {
  ContextLab lab;
  Context& ctx = lab.context;
  CHECK(ctx.task().kind == "k");
  CHECK(ctx.task().attempt == 3);
  CHECK(ctx.payload() == "payload");
  CHECK(ctx.metadata("tenant") == "acme");
  CHECK(ctx.metadata("empty").empty());
  CHECK(ctx.metadata("nothing").empty());
  CHECK(ctx.deadline() == Attempt::Deadline::max());
}

TEST_CASE("what a handler asks for goes to the runtime") {
  ContextLab lab;
  Context& ctx = lab.context;
  ctx.progress(0.5, "half");
  ctx.log(Level::info, "hello");
  CHECK(ctx.add_child({.kind = "c"}, "bytes", "json"));
  CHECK(ctx.codec("json") == nullptr);
  CHECK(lab.asked.said == std::vector<std::string>{"0.5 half", "k: hello", "child c bytes json", "codec json"});
}

TEST_CASE("a stop token that was handed out marks the source as shared, and hears the stop") {
  ContextLab lab;
  CHECK_FALSE(lab.shared);
  std::stop_token token = lab.context.stop_token();
  CHECK(lab.shared);
  CHECK_FALSE(token.stop_requested());
  lab.stop.request_stop();
  CHECK(token.stop_requested());
}
