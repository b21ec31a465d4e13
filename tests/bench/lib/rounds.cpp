#include "bench/lib/rounds.hpp"

#include <ctime>
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

// Of the children that have ended, and of those that live: servers.
double children_cpu() {
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  double out = double(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               double(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  std::ifstream living("/proc/thread-self/children");
  for (pid_t pid = 0; living >> pid;) {
    clockid_t clock{};
    timespec spent{};
    if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &spent) == 0)
      out += double(spent.tv_sec) + double(spent.tv_nsec) / 1e9;
  }
  return out;
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
