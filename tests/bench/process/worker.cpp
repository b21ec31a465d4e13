#include "bench/process/worker.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "bench/lib/clock.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/process/program.hpp"

namespace penstock::bench {
namespace {

void hold(Context& ctx) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, ctx.stop_token(), [] { return false; });
}

// The worker of a program that leaves everything but the store as it is.
Options plain(const std::string& store, Millis lease) {
  Options o;
  o.log_level = Level::warn;
  o.lease = lease;
  if (store.find("://") != store.npos) {
    o.backend = {.use = "redis", .settings = {{"url", store}}};
  } else {
    o.backend = {.use = "sqlite", .settings = {{"path", store}, {"durability", "process"}}};
  }
  return o;
}

}  // namespace

int worker(const std::vector<std::string>& arguments) {
  const std::string& mode = arguments.at(0);
  const std::int64_t sip = mode == "sip" ? std::stoll(arguments.at(3)) : mode == "hold" ? 1 : 0;
  std::atomic<std::int64_t> begun{0}, ended{0};
  TaskManager tasks = TaskManager::open(plain(arguments.at(1), Millis(std::stoll(arguments.at(2)))));
  tasks.handle<Job>([&](Context& ctx, const Job&) {
    if (++begun < sip) return;
    if (begun == sip || sip == 0) say("ran", now_ns());
    if (sip > 0) hold(ctx);
  });
  tasks.add_hooks({.on_finish = [&](const TaskEvent&) {
    if (++ended == 1) say("done", now_ns());
  }});
  tasks.start();
  if (mode == "work" && tasks.wait_idle(Millis(60'000))) say("idle", now_ns());
  return tasks.run();
}

}  // namespace penstock::bench
