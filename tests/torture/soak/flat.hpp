// Whether things stay as large as they were: memory, file descriptors, threads, a store.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <sys/types.h>
#include <vector>

namespace penstock::torture {

// How much something may grow from the second third of a run to the last, by the medians of both: what a fault does for
// a while is no growth. The first third is for warming up.
struct Allowance {
  double absolute = 0, share = 0;  // the larger of the two
  double per_hour = 0;             // instead, in runs that are long enough to tell; 0: in none
};

class Series {
 public:
  Series(std::string what, Allowance allowed, std::size_t most);

  void add(double value);  // after `most` nothing more is kept
  struct Trend {
    bool flat;  // it has not grown by more than is allowed
    std::string text;
  };
  Trend trend(std::chrono::seconds ran) const;

 private:
  double median(std::size_t from, std::size_t to) const;

  const std::string what_;
  const Allowance allowed_;
  std::vector<double> values_;  // its memory is all there from the start
  std::size_t count_ = 0;
};

// All that is watched in one soak.
class Flatness {
 public:
  explicit Flatness(std::size_t most) : most_(most) {}  // samples

  // A process that is there until the last sample; `descriptors`: by how many its own may differ.
  void watch(const std::string& who, pid_t pid, double descriptors);
  void watch_store(const std::string& what, Allowance allowed);
  void sample(const std::vector<double>& store);                      // in the order of watch_store()
  bool judge(const std::string& of, std::chrono::seconds ran) const;  // says how all went

 private:
  struct Watched {
    pid_t pid;
    Series memory, descriptors, threads;
  };
  const std::size_t most_;
  std::deque<Watched> processes_;
  std::deque<Series> store_;
};

}  // namespace penstock::torture
