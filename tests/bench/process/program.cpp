#include "bench/process/program.hpp"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <set>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/lib/clock.hpp"

extern char** environ;

namespace penstock::bench {
namespace {

constexpr int kPatience = 60'000;  // ms

}  // namespace

Program::Program(const std::vector<std::string>& arguments) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  out_ = ends[0];
  std::string self = "/proc/self/exe";
  std::vector<char*> argv{self.data()};
  std::vector<std::string> copies = arguments;
  for (std::string& a : copies) argv.push_back(a.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  started_ = now_ns();
  const int error = posix_spawn(&pid_, self.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) throw std::runtime_error("cannot start " + self);
}

Program::~Program() {
  if (pid_ > 0) kill_hard();
  close(out_);
}

std::int64_t Program::hear(const std::string& word) {
  for (;;) {
    for (std::size_t end; (end = text_.find('\n')) != std::string::npos; text_.erase(0, end + 1)) {
      const std::size_t space = text_.find(' ');
      heard_[text_.substr(0, space)] = std::stoll(text_.substr(space + 1));
    }
    if (auto said = heard_.find(word); said != heard_.end()) return said->second;
    pollfd ready{out_, POLLIN, 0};
    char text[512];
    const ssize_t got = poll(&ready, 1, kPatience) > 0 ? read(out_, text, sizeof text) : 0;
    if (got <= 0) throw std::runtime_error("a worker did not say '" + word + "'");
    text_.append(text, static_cast<std::size_t>(got));
  }
}

void Program::kill_hard() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::int64_t Program::rss_kib() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stoll(line.substr(6));
  }
  throw std::runtime_error("a worker has no size: it has ended");
}

std::string Program::libraries(const std::string& like) const {
  std::ifstream maps("/proc/" + std::to_string(pid_) + "/maps");
  std::set<std::string> found;
  for (std::string line; std::getline(maps, line);) {
    const std::size_t at = line.rfind('/');
    if (at != std::string::npos && line.find(like, at) != std::string::npos) found.insert(line.substr(at + 1));
  }
  std::string out;
  for (const std::string& name : found) out += (out.empty() ? "" : ", ") + name;
  return out;
}

void say(const std::string& word, std::int64_t number) {
  const std::string line = word + " " + std::to_string(number) + "\n";
  if (write(STDOUT_FILENO, line.data(), line.size()) < 0) _exit(1);
}

}  // namespace penstock::bench
