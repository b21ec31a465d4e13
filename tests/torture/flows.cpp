// Eight workers race on one store with unique keys, fair keys and gates: they enqueue, claim, settle, let
// leases lapse, are killed, and change limits under each other. However they interleave, no gate ever lets
// more through than its limit, no task and no unique key has two holders, and nothing is left behind.
//
// On SQLite the workers are processes; the kill comes from a timer, between any two instructions. On the
// memory backend they are threads, and one that is to die leaves its tasks lying. Time is virtual.
#include <algorithm>
#include <csignal>
#include <functional>
#include <iostream>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>

#include "torture/folder.hpp"
#include "torture/options.hpp"
#include "torture/race_table.hpp"
#include "torture/race_worker.hpp"
#include "torture/verdict.hpp"

namespace penstock::torture {
namespace {

constexpr int kWorkers = 8, kKillsAtMost = 4;

using Opener = std::function<std::unique_ptr<DurableBackend>(Host&)>;

// Runs `work` in a process of its own and waits for it; a throw there is a failure of the race.
pid_t apart(RaceTable& table, const std::function<void()>& work) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    work();
  } catch (const std::exception& e) {
    table.fail(e.what());
  }
  _exit(0);
}
void wait_for(RaceTable& table, pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) table.fail("a process ended by itself");
}

// Ends this process in that time, wherever it is then.
void kill_after(std::chrono::microseconds time) {
  sigevent how{};
  how.sigev_notify = SIGEV_SIGNAL;
  how.sigev_signo = SIGKILL;
  timer_t timer{};
  itimerspec when{};
  when.it_value.tv_nsec = std::chrono::nanoseconds(time).count();
  if (timer_create(CLOCK_MONOTONIC, &how, &timer) != 0 || timer_settime(timer, 0, &when, nullptr) != 0)
    throw std::runtime_error("no timer");
}

void with_processes(RaceTable& table, const Opener& open, std::uint64_t seed, std::uint64_t& kills) {
  const auto worker = [&](std::uint64_t number) {
    return apart(table, [&, number] {
      std::mt19937_64 random(seed * 1000 + number);
      RaceHost host(table.time());
      const auto store = open(host);
      table.gather(kWorkers);
      if (random() % 3 == 0) kill_after(std::chrono::microseconds(100 + random() % 20'000));
      RaceWorker(table, *store, random()).run();
    });
  };
  wait_for(table, apart(table, [&] {
             RaceHost host(table.time());
             set_the_scene(table, *open(host));
           }));
  std::uint64_t number = 0;
  int running = 0;
  while (number < kWorkers) worker(number++), ++running;
  for (int status = 0; running > 0; --running) {
    if (wait(&status) < 0) throw std::runtime_error("wait");
    if (!WIFSIGNALED(status)) continue;
    if (WTERMSIG(status) != SIGKILL) table.fail("a worker ended by signal " + std::to_string(WTERMSIG(status)));
    ++kills;
    if (number < kWorkers + kKillsAtMost) worker(number++), ++running;
  }
  wait_for(table, apart(table, [&] {
             RaceHost host(table.time());
             clear_up(table, *open(host));
           }));
}

void with_threads(RaceTable& table, const Opener& open, std::uint64_t seed, std::uint64_t& kills) {
  RaceHost host(table.time());
  const auto store = open(host);
  set_the_scene(table, *store);
  std::vector<std::thread> threads;
  for (std::uint64_t number = 0; number < kWorkers; ++number) {
    std::mt19937_64 random(seed * 1000 + number);
    const bool dies = random() % 3 == 0;
    kills += dies;
    threads.emplace_back([&, dies, s = random()] {
      try {
        table.gather(kWorkers);
        RaceWorker(table, *store, s, dies ? 1 + s % 20 : UINT64_MAX).run();
      } catch (const std::exception& e) {
        table.fail(e.what());
      }
    });
  }
  for (std::thread& t : threads) t.join();
  clear_up(table, *store);
}

bool race(const std::string& name, std::uint64_t races, std::uint64_t seed) {
  RaceTable& table = *RaceTable::make();
  const Scratch scratch(Scratch::On::memory);
  std::uint64_t kills = 0, done = 0;
  for (; done < races && !table.failed(); ++done, ++seed) {
    table.start();
    if (name == "memory") {
      with_threads(table, open_race_memory, seed, kills);
    } else {
      const std::string folder = scratch.fresh("race");
      with_processes(
          table,
          [&](Host& host) {
            return open_store({folder, "", "process"}, host);
          },
          seed, kills);
    }
    if (table.failed())
      std::cout << "VIOLATION on " << name << ": " << table.message() << "\n  again: flows --" << name
                << " 1000 --seed " << seed << "\n";
  }
  const auto& t = table.tally();
  std::cout << name << ": " << done << " races of " << kWorkers << " workers, " << kills << " killed; " << t.claims
            << " claims, " << t.takeovers << " takeovers, " << t.ends << " ends, " << t.retries << " retries, "
            << t.conflicts << " conflicts of keys, " << t.changes << " changes of limits; a gate was full " << t.full
            << " times" << std::endl;
  Verdict verdict("kills");
  verdict.faults = kills;
  if (table.failed()) verdict.add(Harm::corrupt);
  return verdict.report(name) && t.takeovers > 0 && t.full > 0 && t.conflicts > 0 && t.changes > 0;
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  Options options(argc, argv);
  const auto seed = options.seed(), sqlite = options.get("sqlite", 100, 1000),
             memory = options.get("memory", 3000, 100'000);
  options.finish();
  Score score;
  if (sqlite) score.add(race("sqlite", sqlite, seed));
  if (memory) score.add(race("memory", memory, seed));
  return score.end();
}
