// Traces through the manager: from the enqueue to the attempt, to the children, and across processes.
#include <algorithm>
#include <fstream>
#include <map>
#include <vector>

#include "fixture.hpp"

using namespace penstock;

namespace {

struct Traced {
  explicit Traced(const std::string& backend) : store(backend) {}
  Store store;
  Options options() const {
    Options o = store.options();
    o.tracer = {.use = "log", .settings = {{"file", store.folder() + "/spans"}}};
    return o;
  }
  // The spans written, each as its fields.
  std::vector<std::map<std::string, std::string>> spans() const {
    std::vector<std::map<std::string, std::string>> out;
    std::ifstream file(store.folder() + "/spans");
    for (std::string line; std::getline(file, line);) {
      auto& span = out.emplace_back();
      for (std::size_t at = 0; (at = line.find('=', at)) != line.npos; ++at) {
        std::size_t name = line.rfind(' ', at) + 1, end = line.find(' ', at);
        span[line.substr(name, at - name)] = line.substr(at + 1, end - at - 1);
      }
    }
    return out;
  }
};

}  // namespace

TEST_CASE("an attempt continues the trace of its enqueue, which continues the caller's") {
  Traced lab(every_backend());
  auto tasks = TaskManager::open(lab.options());
  std::string seen;
  tasks.handle<Job>([&](Context& ctx, const Job&) { seen = ctx.metadata("traceparent"); });
  const std::string caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  auto ref = tasks.enqueue(Job{}, {.metadata = {{"tenant", "acme"}, {"traceparent", caller}}});
  CHECK(tasks.drain() == 0);
  auto spans = lab.spans();
  REQUIRE(spans.size() == 2);
  auto &enqueue = spans[0], &attempt = spans[1];
  CHECK(enqueue["span"] == "enqueue");
  CHECK(enqueue["trace"] == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(enqueue["parent"] == "00f067aa0ba902b7");
  CHECK(seen == "00-" + enqueue["trace"] + "-" + enqueue["id"] + "-01");
  CHECK(attempt["span"] == "attempt");
  CHECK(attempt["trace"] == enqueue["trace"]);
  CHECK(attempt["parent"] == enqueue["id"]);
  CHECK(attempt["task"] == to_text(ref.id));
  CHECK(attempt["queue"] == "jobs");
  CHECK(attempt["attempt"] == "1");
  CHECK(attempt["outcome"] == "done");
}

TEST_CASE("every attempt is a span of its own, with what became of it") {
  Traced lab("memory");
  auto tasks = TaskManager::open(lab.options());
  tasks.handle<Job>([](Context& ctx, const Job&) {
    if (ctx.task().attempt < 3) throw std::runtime_error("no");
  });
  tasks.enqueue(Job{});
  CHECK(tasks.drain() == 0);
  auto spans = lab.spans();
  REQUIRE(spans.size() == 4);
  CHECK(spans[1]["outcome"] == "retry");
  CHECK(spans[1]["error"] == "no");
  CHECK(spans[2]["attempt"] == "2");
  CHECK(spans[3]["outcome"] == "done");
  CHECK(spans[3]["parent"] == spans[0]["id"]);
}

TEST_CASE("children belong to the attempt that made them") {
  Traced lab("memory");
  auto options = lab.options();
  options.threads = 1;  // a child that is sent ahead to another queue does not run before its parent's span has ended
  auto tasks = TaskManager::open(options);
  tasks.handle<Job>([](Context& ctx, const Job&) {
    expect(bool(ctx.add_child({.kind = "child"}, "", "")));
    expect(bool(ctx.add_child({.kind = "child", .queue = "elsewhere"}, "", "")));
  });
  tasks.handle(Policy{.kind = "child"}, [](Context&) {});
  tasks.enqueue(Job{});
  CHECK(tasks.drain() == 0);
  auto spans = lab.spans();
  REQUIRE(spans.size() == 4);  // one of the children may end before its parent
  auto parent = std::ranges::find_if(spans, [](auto& s) { return s["kind"] == "test.job" && s["span"] == "attempt"; });
  REQUIRE(parent != spans.end());
  for (auto& span : spans) {
    CHECK(span["trace"] == spans[0]["trace"]);
    if (span["kind"] == "child") CHECK(span["parent"] == (*parent)["id"]);
  }
}

TEST_CASE("an in-memory task is traced too") {
  Traced lab("memory");
  auto tasks = TaskManager::open(lab.options());
  tasks.submit([] {}, {.name = "tidy"}).get(10s);
  CHECK(tasks.stop_graceful(10s));
  auto spans = lab.spans();
  REQUIRE(spans.size() == 1);
  CHECK(spans[0]["kind"] == "tidy");
  CHECK(spans[0]["queue"] == "local");
  CHECK(spans[0]["outcome"] == "done");
}

TEST_CASE("a trace crosses processes") {
  Traced lab("sqlite");
  {
    auto producer = TaskManager::open(lab.options());
    producer.enqueue(Job{});
  }
  auto worker = TaskManager::open(lab.options());
  worker.handle<Job>([](const Job&) {});
  CHECK(worker.drain() == 0);
  auto spans = lab.spans();
  REQUIRE(spans.size() == 2);
  CHECK(spans[1]["parent"] == spans[0]["id"]);
}

TEST_CASE("without a tracer the caller's traceparent goes through unchanged") {
  Store store("memory");
  auto tasks = TaskManager::open(store.options());
  std::string seen;
  tasks.handle<Job>([&](Context& ctx, const Job&) { seen = ctx.metadata("traceparent"); });
  tasks.enqueue(Job{}, {.metadata = {{"traceparent", "as it came"}}});
  CHECK(tasks.drain() == 0);
  CHECK(seen == "as it came");
}
