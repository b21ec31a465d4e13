// S4: what a lease costs with many tasks waiting, against 1,000.
#include "bench/sqlite/areas.hpp"
#include "bench/sqlite/lease_cost.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using torture::Scratch;
constexpr std::size_t kShallow = 1'000;

}  // namespace

void depth(const Run& run, Report& report) {
  const std::size_t many = run.waiting(), claims = run.size(100, 3);
  const Scratch scratch(Scratch::On::disk);
  const std::string deep = scratch.fresh("deep") + "/tasks.db", shallow = scratch.fresh("shallow") + "/tasks.db";
  fill(deep, many);
  fill(shallow, kShallow);
  const Rounds r = run.interleave({{"raw, shallow", [=] { return raw_lease_cost(shallow, claims); }},
                                   {"raw, deep", [=] { return raw_lease_cost(deep, claims); }},
                                   {"ours, shallow", [=] { return lease_cost(shallow, claims); }},
                                   {"ours, deep", [=] { return lease_cost(deep, claims); }}});
  const Series raw_ratio = ratios(r.sides[1][0], r.sides[0][0]), our_ratio = ratios(r.sides[3][0], r.sides[2][0]);
  Row row{.id = "S4",
          .what = "lease cost, " + std::to_string(many) + " waiting against 1,000",
          .unit = "x",
          .values = our_ratio,
          .ceilings = raw_ratio,
          .ceiling_name = "the same statements",
          .bar = "<= 2 x (with 10,000,000)"};
  row.met = row.value() <= 2;
  char note[200];
  std::snprintf(
      note, sizeof note,
      "per task: ours %.2f us shallow, %.2f deep; raw %.2f, %.2f; 8 MiB of page cache; PENSTOCK_BENCH_WAITING "
      "sets how many wait (%zu)",
      median(r.sides[2][0]), median(r.sides[3][0]), median(r.sides[0][0]), median(r.sides[1][0]), many);
  row.note = note;
  report.add(row);
  report.load(r.foreign);
}

}  // namespace penstock::bench
