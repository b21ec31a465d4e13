// D5: what a worker process that has nothing to do asks of the server.
#include <cstdio>
#include <map>
#include <sstream>
#include <utility>

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

using Counted = std::map<std::string, std::size_t>;

// The commands that come to the server in `ms`, but for those from scripts.
Counted listen(RedisConnection& monitor, std::int64_t ms) {
  const std::int64_t end = now_ns() + ms * 1'000'000;
  Counted out;
  std::string line;
  for (std::int64_t left; (left = end - now_ns()) > 0;) {
    if (!monitor.next_line(line, static_cast<std::size_t>(left / 1'000'000 + 1))) continue;
    if (const std::string command = command_of(line); !command.empty()) ++out[command];
  }
  return out;
}

std::string in_words(const Counted& counted) {
  if (counted.empty()) return "none";
  std::ostringstream out;
  const char* before = "";
  for (const auto& [command, times] : counted) out << std::exchange(before, ", ") << times << " x " << command;
  return out.str();
}

void of_queues(const Run& run, Report& report, std::size_t queues) {
  const auto settle = static_cast<std::int64_t>(run.size(45'000, 500)),
             window = static_cast<std::int64_t>(run.size(60'000, 500));
  const RedisServer server;
  fill(server.socket_url(), queues);
  Program worker({"--worker", "work", server.socket_url(), "10000"});
  worker.hear("idle");
  RedisConnection monitor(server.socket());
  monitor.call({"MONITOR"});
  listen(monitor, settle);  // it sees to what has ended lately
  const Counted counted = listen(monitor, window);
  worker.kill_hard();
  std::size_t commands = 0;
  for (const auto& [command, times] : counted) commands += times;
  char what[80];
  std::snprintf(what, sizeof what, "commands of an idle worker per 10 s, queues: %zu", queues);
  Row row{
      .id = "D5", .what = what, .unit = "", .values = {double(commands) / (double(window) / 10'000)}, .bar = "<= 1"};
  row.met = row.value() <= 1;
  char note[80];
  std::snprintf(note, sizeof note, "in %.1f s, %.1f s after the last task: ", double(window) / 1e3,
                double(settle) / 1e3);
  row.note = note + in_words(counted);
  report.add(row);
}

}  // namespace

void idle(const Run& run, Report& report) {
  for (const std::size_t queues : {std::size_t{1}, std::size_t{100}}) of_queues(run, report, queues);
}

}  // namespace penstock::bench
