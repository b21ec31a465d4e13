#include "bench/lib/child.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace penstock::bench {
namespace {

[[noreturn]] void measure_and_exit(const Measurement& measure, int answers) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int status = 1;
  try {
    const Series out = measure();
    const std::size_t octets = out.size() * sizeof(double);
    if (write(answers, out.data(), octets) == static_cast<ssize_t>(octets)) status = 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench: %s\n", e.what());
  }
  std::fflush(nullptr);
  _exit(status);
}

}  // namespace

Child::Child(const Measurement& measure) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  std::fflush(nullptr);  // the child must not print it again
  pid_ = fork();
  if (pid_ == 0) {
    close(ends[0]);
    measure_and_exit(measure, ends[1]);
  }
  close(ends[1]);
  answers_ = ends[0];
  if (pid_ < 0) throw std::runtime_error("cannot fork");
}

Child::~Child() {
  if (answers_ >= 0) close(answers_);
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

Series Child::finish() {
  Series out;
  double value = 0;
  while (read(answers_, &value, sizeof value) == sizeof value) out.push_back(value);
  int status = 0;
  rusage used{};
  wait4(pid_, &status, 0, &used);
  pid_ = -1;
  cpu_ =
      double(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + double(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  if (status != 0) throw std::runtime_error("a measurement failed (status " + std::to_string(status) + ")");
  return out;
}

}  // namespace penstock::bench
