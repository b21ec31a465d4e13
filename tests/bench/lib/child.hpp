// Measurements in processes of their own: each starts with a fresh heap, and the benchmark itself never
// has a thread.
#pragma once

#include <functional>
#include <sys/types.h>

#include "bench/lib/series.hpp"

namespace penstock::bench {

using Measurement = std::function<Series()>;

// A measurement under way in a child process. What it throws is printed there, and makes finish() throw.
class Child {
 public:
  explicit Child(const Measurement& measure);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();  // ends it when nobody waited for it

  Series finish();
  double cpu() const noexcept { return cpu_; }  // seconds, of the whole process, once it has finished

 private:
  pid_t pid_ = -1;
  int answers_ = -1;
  double cpu_ = 0;
};

inline Series in_child(const Measurement& measure) { return Child(measure).finish(); }

}  // namespace penstock::bench
