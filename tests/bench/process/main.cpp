// R1 to R3, C1: what a worker process weighs, how soon it works, and how soon another takes its place.
#include <cstdio>

#include "bench/lib/clock.hpp"
#include "bench/lib/report.hpp"
#include "bench/process/life.hpp"
#include "bench/process/program.hpp"
#include "bench/process/worker.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using torture::Scratch;

// Of a store in a file of its own.
Series in_file(Series (*measure)(const std::string&)) {
  const Scratch scratch(Scratch::On::disk);
  return measure(scratch.fresh("store") + "/tasks.db");
}

// MiB of a worker in the midst of many tasks.
Series deep_size(const std::string& path, std::size_t sips) {
  Program worker({"--worker", "sip", path, kLease, std::to_string(sips)});
  worker.hear("ran");
  const double mib = double(worker.rss_kib()) / 1024;
  worker.kill_hard();
  return {mib};
}

// Seconds from kill -9 of a worker until another runs the task it had.
Series takeover(const std::string& lease) {
  const Scratch scratch(Scratch::On::disk);
  const std::string path = scratch.fresh("c1") + "/tasks.db";
  fill_store(path, 1);
  Program victim({"--worker", "hold", path, lease});
  victim.hear("ran");
  Program heir({"--worker", "work", path, lease});
  const std::int64_t killed = now_ns();
  victim.kill_hard();
  const double seconds = double(heir.hear("ran") - killed) / 1e9;
  heir.hear("idle");
  heir.kill_hard();
  check_all_done(path);
  return {seconds};
}

void sizes(const Run& run, Report& report) {
  const std::size_t waiting = run.size(1'000'000, 2'000), sips = run.size(20'000, 200);
  const Scratch scratch(Scratch::On::disk);
  const std::string deep = scratch.fresh("r2") + "/tasks.db";
  fill_store(deep, waiting);
  const Rounds r =
      run.interleave({{"idle", [] { return in_file(idle_size); }}, {"deep", [=] { return deep_size(deep, sips); }}});
  const bool tls = most(r.sides[0][1]) > 0;
  Row idle{.id = "R1",
           .what = "RSS of an idle worker process, SQLite",
           .unit = "MiB",
           .values = r.sides[0][0],
           .bar = "<= 16 MiB, no TLS library loaded"};
  idle.met = idle.value() <= 16 && !tls;
  idle.note = tls ? "a TLS library is loaded" : "no TLS library is loaded";
  report.add(idle);
  Row busy{.id = "R2",
           .what = "RSS with " + std::to_string(waiting) + " tasks waiting in SQLite",
           .unit = "MiB",
           .values = r.sides[1][0],
           .bar = "<= 48 MiB"};
  busy.met = busy.value() <= 48;
  busy.note = "in the worker's " + std::to_string(sips) + "th task";
  report.add(busy);
  report.load(r.foreign);
}

void start(const Run& run, Report& report) {
  const Rounds r = run.interleave({{"start", [] { return in_file(first_task); }}});
  Row row{.id = "R3",
          .what = "process start to first task done, existing file",
          .unit = "ms",
          .values = r.sides[0][0],
          .bar = "<= 30 ms"};
  row.met = row.value() <= 30;
  report.add(row);
  report.load(r.foreign);
}

void crash(const Run& run, Report& report) {
  std::vector<Side> sides{{"lease 1 s", [] { return takeover("1000"); }}};
  if (!run.smoke) sides.push_back({"lease 10 s", [] { return takeover(kLease); }});
  const Rounds r = interleave(sides, run.rounds, false);
  auto add = [&](const Series& seconds, int lease) {
    Row row{.id = "C1",
            .what = "kill -9 until the task runs elsewhere, lease " + std::to_string(lease) + " s",
            .unit = "s",
            .values = seconds,
            .bar = "<= " + std::to_string(lease + 1) + " s (the lease + 1 s)"};
    row.met = row.value() <= lease + 1;
    report.add(row);
  };
  if (r.sides.size() > 1) add(r.sides[1][0], 10);
  add(r.sides[0][0], 1);
  report.load(r.foreign);
}

void measure(const Run& run, Report& report) {
  if (run.wants("R1") || run.wants("R2")) sizes(run, report);
  if (run.wants("R3")) start(run, report);
  if (run.wants("C1")) crash(run, report);
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "--worker") return penstock::bench::worker({argv + 2, argv + argc});
  return penstock::bench::run_area(argc, argv, "process", penstock::bench::measure);
}
