// The commands that open a backend: run and stats.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iostream>

#include <penstock/manager.hpp>

#include "cli/commands.hpp"
#include "cli/flow_words.hpp"
#include "cli/setup.hpp"

namespace penstock::cli {
namespace {

void print_errors(TaskManager& tasks) {
  if (!query<Registry>(tasks.backend())) return;
  const auto groups = tasks.errors();
  if (groups.empty()) return;
  std::printf("\n%-24s %11s  %-20s  %-20s  %s\n", "failures of queue", "count", "first seen", "last seen",
              "kind: a message (build that saw it last)");
  for (const ErrorGroup& g : groups) {
    std::printf("%-24s %11llu  %-20s  %-20s  %s\n", config::printable(g.queue).c_str(),
                static_cast<unsigned long long>(g.count), date_words(g.first).c_str(), date_words(g.last).c_str(),
                config::printable(g.kind + ": " + g.sample + " (" + g.build + ")", 1000).c_str());
  }
}

// What this command itself asked of the backend, if that counts its calls.
void print_calls(const std::vector<CallStats>& calls) {
  if (calls.empty()) return;
  std::printf("\n%-24s %11s %11s %11s  %s\n", "calls of this command", "count", "mean", "longest", "errors");
  for (const CallStats& c : calls) {
    std::string errors;
    for (const auto& [code, count] : c.errors) {
      errors += (errors.empty() ? "" : ", ") + std::to_string(count) + " " + name(code);
    }
    const auto mean = c.latency.total / std::max<std::uint64_t>(1, c.latency.count);
    std::printf("%-24s %11llu %11s %11s  %s\n", config::printable(c.call).c_str(),
                static_cast<unsigned long long>(c.latency.count), time_words(mean).c_str(),
                time_words(c.latency.max).c_str(), errors.empty() ? "none" : errors.c_str());
  }
}

}  // namespace

int run_worker(const Arguments& arguments) {
  return reported([&] {
    Options options = read_config(file_of(arguments));
    if (options.handler_modules.empty()) {
      return fail("worker.handlers in " + file_of(arguments) + " names no handler module, so there is nothing to run",
                  kUsage);
    }
    TaskManager tasks = TaskManager::open(std::move(options));
    int status = tasks.run();
    if (status != 0) {
      std::cerr << "penstock: handlers did not stop in time and are left behind\n";
      std::cerr.flush();
      std::_Exit(status);  // their threads are still running: no destructor may pull anything from under them
    }
    return status;
  });
}

int stats(const Arguments& arguments) {
  return reported([&] {
    TaskManager tasks = open_to_look(file_of(arguments));
    static constexpr std::array<const char*, kStates> kTitles{"held",      "scheduled", "ready",    "leased",
                                                              "succeeded", "dead",      "cancelled"};
    std::printf("%-24s", "queue");
    for (const char* title : kTitles) std::printf(" %11s", title);
    std::printf(" %13s\n", "kept octets");
    for (const Counts& c : tasks.counts()) {
      std::printf("%-24s", c.queue.c_str());
      for (std::uint64_t n : c.by_state) std::printf(" %11llu", static_cast<unsigned long long>(n));
      std::printf(" %13llu\n", static_cast<unsigned long long>(c.bytes_ended));
    }
    print_errors(tasks);
    print_calls(tasks.metrics().backend_calls);
    return static_cast<int>(kOk);
  });
}

}  // namespace penstock::cli
