// The tracer as the host opens it, writing into a real file.
#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <penstock/plugin/tracer.hpp>

#include "log/open_spans.hpp"
#include "support/folder.hpp"
#include "support/open_plugin.hpp"

using namespace penstock;
using namespace penstock::testing;

extern "C" const PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(log)() noexcept;

namespace {

struct Lab {
  Folder folder;
  TestHost host;
  std::unique_ptr<Tracer> tracer;
  explicit Lab(const std::string& level = "info")
      : tracer(open_component<Tracer>(PENSTOCK_PLUGIN_SYMBOL(log), "log", host,
                                      {{"file", folder / "spans"}, {"level", level}})) {}
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    std::ifstream file(folder / "spans");
    for (std::string line; std::getline(file, line);) out.push_back(line);
    return out;
  }
};

std::string field(const std::string& line, const std::string& name) {
  std::size_t at = line.find(" " + name + "=");
  if (at == line.npos) return "";
  at += name.size() + 2;
  return line.substr(at, line.find(' ', at) - at);
}

}  // namespace

TEST_CASE("a span inside another continues its trace") {
  Lab lab;
  const auto outer = lab.tracer->start({"enqueue", "k", "q", "id", 0, ""});
  const std::string parent = lab.tracer->inject(outer);
  const auto inner = lab.tracer->start({"attempt", "k", "q", "id", 1, parent});
  lab.tracer->end(inner, {"done", {}});
  lab.tracer->end(outer, {"enqueued", {}});
  const auto lines = lab.lines();
  REQUIRE(lines.size() == 2);
  CHECK(field(lines[0], "span") == "attempt");
  CHECK(field(lines[0], "trace") == field(lines[1], "trace"));
  CHECK(field(lines[0], "parent") == field(lines[1], "id"));
  CHECK(field(lines[1], "parent").empty());
  CHECK(parent == "00-" + field(lines[1], "trace") + "-" + field(lines[1], "id") + "-01");
}

TEST_CASE("a malformed parent starts a trace") {
  Lab lab;
  lab.tracer->end(lab.tracer->start({"attempt", "k", "q", "id", 1, "nonsense"}), {"done", {}});
  CHECK(field(lab.lines().at(0), "parent").empty());
  CHECK(field(lab.lines().at(0), "trace").size() == 32);
}

TEST_CASE("a span ends once; unknown numbers and 0 are ignored") {
  Lab lab;
  const auto span = lab.tracer->start({"attempt", "k", "q", "id", 1, ""});
  lab.tracer->end(span, {"done", {}});
  lab.tracer->end(span, {"done", {}});
  lab.tracer->end(0, {"done", {}});
  lab.tracer->end(span + 1000, {"done", {}});
  CHECK(lab.lines().size() == 1);
  CHECK(lab.tracer->inject(span).empty());
  CHECK(lab.tracer->inject(0).empty());
}

TEST_CASE("the level says which spans are written") {
  auto [level, expected] = GENERATE(table<std::string, std::size_t>({{"info", 4}, {"warn", 2}, {"error", 1}}));
  Lab lab(level);
  auto end = [&](SpanEnd how) { lab.tracer->end(lab.tracer->start({"attempt", "k", "q", "id", 1, ""}), how); };
  end({"done", {}});
  end({"snooze", {}});
  end({"retry", "no"});
  end({"fail", "never"});
  CHECK(lab.lines().size() == expected);
}

TEST_CASE("what a task is called and says stays on its line") {
  Lab lab;
  lab.tracer->end(lab.tracer->start({"attempt", "k\nx", std::string(10'000, 'q'), "id", 1, ""}),
                  {"retry", "first\nsecond \x1b[2J" + std::string(100'000, 'e')});
  REQUIRE(lab.lines().size() == 1);
  CHECK(lab.lines()[0].size() < 2000);
}

TEST_CASE("a file that cannot be opened is refused by its key") {
  TestHost host;
  CHECK_THROWS_WITH(
      open_component<Tracer>(PENSTOCK_PLUGIN_SYMBOL(log), "log", host, {{"file", std::string("/dev/null/spans")}}),
      Catch::StartsWith("file: "));
}

TEST_CASE("open spans are bounded: the oldest goes") {
  log::OpenSpans spans(2);
  const auto first = spans.add({}), second = spans.add({}), third = spans.add({});
  CHECK_FALSE(spans.remove(first));
  CHECK(spans.remove(second));
  CHECK(spans.remove(third));
  CHECK(spans.dropped() == 1);
}

TEST_CASE("spans of many threads are all written, each on its line") {
  Lab lab;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 250; ++i)
          lab.tracer->end(lab.tracer->start({"attempt", "k", "q", "id", 1, ""}), {"done", {}});
      });
    }
  }
  CHECK(lab.lines().size() == 1000);
  for (const std::string& line : lab.lines()) CHECK(field(line, "trace").size() == 32);
}
