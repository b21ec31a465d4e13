#include "bench/lib/rounds.hpp"

#include <fstream>
#include <unistd.h>

#include "bench/lib/clock.hpp"

namespace penstock::bench {
namespace {

// Seconds that all cores together have spent on anything but waiting.
double busy_seconds() {
  std::ifstream stat("/proc/stat");
  std::string label;
  double user = 0, nice = 0, system = 0, idle = 0, io = 0, irq = 0, soft = 0;
  stat >> label >> user >> nice >> system >> idle >> io >> irq >> soft;
  return (user + nice + system + irq + soft) / double(sysconf(_SC_CLK_TCK));
}

double children_cpu() {
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  return double(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         double(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

}  // namespace

Rounds interleave(const std::vector<Side>& sides, int rounds, bool warm_up) {
  Rounds out;
  out.sides.resize(sides.size());
  for (int round = warm_up ? -1 : 0; round < rounds; ++round) {
    const double busy = busy_seconds(), own = children_cpu();
    const Stopwatch watch;
    for (std::size_t s = 0; s < sides.size(); ++s) {
      const Series sample = in_child(sides[s].measure);
      if (round < 0) continue;
      Columns& columns = out.sides[s];
      columns.resize(sample.size());
      for (std::size_t i = 0; i < sample.size(); ++i) columns[i].push_back(sample[i]);
    }
    const double others = (busy_seconds() - busy - (children_cpu() - own)) / watch.seconds();
    if (round >= 0) out.foreign.push_back(std::max(0.0, others));
  }
  return out;
}

}  // namespace penstock::bench
