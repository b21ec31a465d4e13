#include "support/process.hpp"

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace penstock::testing {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& argv) {
  std::vector<char*> out;
  for (const std::string& word : argv) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

// Only async-signal-safe calls between fork and exec: other threads may hold locks.
pid_t start(const std::vector<std::string>& argv, int in, int out, int error) {
  const std::vector<char*> words = pointers(argv);
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("cannot fork");
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(in, 0), dup2(out, 1), dup2(error, 2);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvp(words[0], words.data());
  _exit(127);
}

struct Pipe {
  int ends[2];
  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  }
};

int ended(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status); }

}  // namespace

struct Process::Said {
  std::mutex mutex;
  std::condition_variable more;
  std::string text;
  bool ended = false;
};

Process::Process(const std::vector<std::string>& argv, std::string log) : log_(std::move(log)) {
  Pipe lines;
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  pid_ = start(argv, null, lines.ends[1], lines.ends[1]);
  close(null), close(lines.ends[1]);
  lines_ = lines.ends[0];
  said_ = std::make_shared<Said>();
  const int file = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  copier_ = std::thread([said = said_, from = lines_, file] {
    char piece[4096];
    for (ssize_t n; (n = read(from, piece, sizeof piece)) > 0;) {
      [[maybe_unused]] const ssize_t written = write(file, piece, static_cast<std::size_t>(n));
      const std::lock_guard lock(said->mutex);
      said->text.append(piece, static_cast<std::size_t>(n));
      said->more.notify_all();
    }
    close(file);
    const std::lock_guard lock(said->mutex);
    said->ended = true;
    said->more.notify_all();
  });
}

Process::~Process() {
  kill();
  copier_.join();
  close(lines_);
}

bool Process::said(const std::string& text, std::size_t times, std::chrono::seconds at_most) {
  std::unique_lock lock(said_->mutex);
  const auto enough = [&] {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = said_->text.find(text, at)) != std::string::npos; at += text.size()) ++count;
    return count >= times;
  };
  said_->more.wait_for(lock, at_most, [&] { return enough() || said_->ended; });
  return enough();
}

void Process::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

void Process::kill() {
  signal(SIGKILL);
  wait();
}

int Process::wait() {
  int status = 0;
  if (pid_ > 0 && waitpid(pid_, &status, 0) == pid_) pid_ = -1;
  return ended(status);
}

std::string run(const std::vector<std::string>& argv, const std::string& input) {
  Pipe in, out;
  const pid_t pid = start(argv, in.ends[0], out.ends[1], out.ends[1]);
  close(out.ends[1]);
  [[maybe_unused]] const ssize_t fed = write(in.ends[1], input.data(), input.size());
  close(in.ends[0]), close(in.ends[1]);  // only now: whoever does not read his input is no broken pipe
  std::string text;
  char piece[4096];
  for (ssize_t n; (n = read(out.ends[0], piece, sizeof piece)) > 0;) text.append(piece, static_cast<std::size_t>(n));
  close(out.ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (status == 0) return text;
  std::string shown;
  for (const std::string& word : argv) shown += word + ' ';
  throw std::runtime_error(shown + "ended with " + std::to_string(ended(status)) + ": " + text);
}

}  // namespace penstock::testing
