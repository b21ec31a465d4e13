// D5: what a worker process that has nothing to do asks of the server.
#include <cstdio>

#include "bench/lib/clock.hpp"
#include "bench/lib/redis.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/process/program.hpp"
#include "bench/redis/areas.hpp"
#include "support/redis/server.hpp"

namespace penstock::bench {
namespace {

using testing::RedisServer;

// One task in each of so many queues, so that the store knows them and the worker has had something to do.
void fill(const std::string& url, std::size_t queues) {
  in_child([&] {
    TaskManager tasks = TaskManager::open(on_redis(url));
    for (std::size_t i = 0; i < queues; ++i) tasks.enqueue(Job{}, {.queue = std::to_string(i)});
    return Series{};
  });
}

// The command of a line of MONITOR: TIME [DATABASE ADDRESS] "COMMAND" "ARGUMENT"... Empty: it came from a script.
std::string command_of(const std::string& line) {
  char address[128], command[64], more[2] = "";
  const int read = std::sscanf(line.c_str(), "%*s [%*s %127[^]]] \"%63[^\"]\" %1s", address, command, more);
  if (read < 2 || std::string_view(address) == "lua") return {};
  for (char* c = command; *c != 0; ++c) *c = static_cast<char>(std::toupper(static_cast<unsigned char>(*c)));
  char out[80];
  const bool listener = std::string_view(command) == "PING" && read == 2;
  std::snprintf(out, sizeof out, "%s%s", command, listener ? " of the listener" : "");
  return out;
}

// What it is made of: commands of the listener, scripts, marks at the end of a flush, all others.
enum : std::size_t { kListener, kScripts, kMarks, kOthers, kSorts };

// The commands that come to the server in `ms`, but for those from scripts.
Series listen(RedisConnection& monitor, std::int64_t ms) {
  const std::int64_t end = now_ns() + ms * 1'000'000;
  Series out(kSorts);
  std::string line;
  for (std::int64_t left; (left = end - now_ns()) > 0;) {
    if (!monitor.next_line(line, static_cast<std::size_t>(left / 1'000'000 + 1))) continue;
    const std::string command = command_of(line);
    if (command.empty()) continue;
    ++out[command == "PING of the listener" ? kListener
          : command == "EVALSHA"            ? kScripts
          : command == "PING"               ? kMarks
                                            : kOthers];
  }
  return out;
}

// It sees to what has ended lately first.
Series commands(std::size_t queues, std::int64_t settle, std::int64_t window) {
  const RedisServer server;
  fill(server.socket_url(), queues);
  Program worker({"--worker", "work", server.socket_url(), "10000"});
  worker.hear("idle");
  RedisConnection monitor(server.socket());
  monitor.call({"MONITOR"});
  listen(monitor, settle);
  Series out = listen(monitor, window);
  worker.kill_hard();
  return out;
}

void add(Report& report, std::size_t queues, const Series& seen, std::int64_t window) {
  char what[80], note[200];
  std::snprintf(what, sizeof what, "commands of an idle worker per 10 s, queues: %zu", queues);
  std::snprintf(note, sizeof note,
                "in %.0f s: %.0f scripts, %.0f other commands, %.0f marks behind them; beside the blocking wait, whose "
                "connection is tried by %.0f more",
                double(window) / 1e3, seen[kScripts], seen[kOthers], seen[kMarks], seen[kListener]);
  Row row{.id = "D5",
          .what = what,
          .unit = "",
          .values = {(seen[kScripts] + seen[kOthers] + seen[kMarks]) / (double(window) / 10'000)},
          .bar = "<= 1",
          .note = note};
  row.met = row.value() <= 1;
  report.add(row);
}

}  // namespace

// Each two minutes a worker looks at all queues: a window holds one such look.
void idle(const Run& run, Report& report) {
  const auto settle = static_cast<std::int64_t>(run.size(45'000, 500)),
             window = static_cast<std::int64_t>(run.size(120'000, 500));
  Child few([&] { return commands(1, settle, window); }), many([&] { return commands(100, settle, window); });
  add(report, 1, few.finish(), window);
  add(report, 100, many.finish(), window);
}

}  // namespace penstock::bench
