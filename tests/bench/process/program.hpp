// This program started again, as a worker: what users start, with nothing of the benchmark in it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace penstock::bench {

class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();  // kills it, if it runs

  std::int64_t started() const noexcept { return started_; }  // just before it was, by now_ns()
  // Waits until the worker says "WORD NUMBER"; throws when it ends, or is silent for a minute.
  std::int64_t hear(const std::string& word);
  void kill_hard();  // SIGKILL, and waits for its end
  std::int64_t rss_kib() const;
  std::string libraries(const std::string& like) const;  // the loaded ones whose names hold one of the words

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::int64_t started_ = 0;
  std::string text_;                           // heard, not understood yet
  std::map<std::string, std::int64_t> heard_;  // by word
};

// Says a word to whoever started this program.
void say(const std::string& word, std::int64_t number);

}  // namespace penstock::bench
