// Programs that a test runs: as children, in the foreground, ended by their id.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace penstock::testing {

// A program under way. It dies with the thread that started it, so start it from one that lives as long.
// Thread: one at a time.
class Process {
 public:
  // Runs argv[0] of the PATH; what it says goes to `log`, from its first octet. Throws std::runtime_error.
  Process(const std::vector<std::string>& argv, std::string log);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();  // kills it

  // Waits until `text` has been said so many times; false when the program ends, or the time, before that.
  bool said(const std::string& text, std::size_t times = 1, std::chrono::seconds at_most = std::chrono::seconds(20));
  void signal(int number) const;
  void kill();  // -9, and waits for the end
  int wait();   // the exit status, or minus the signal
  pid_t pid() const noexcept { return pid_; }

 private:
  const std::string log_;
  pid_t pid_ = -1;
  int lines_ = -1;  // the end of a pipe of which `copier_` reads
  struct Said;
  std::shared_ptr<Said> said_;
  std::thread copier_;
};

// Runs a program to its end and returns what it said on its standard output. Throws std::runtime_error with all it said
// when it fails.
std::string run(const std::vector<std::string>& argv, const std::string& input = {});

}  // namespace penstock::testing
