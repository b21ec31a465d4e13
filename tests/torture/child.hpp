// Other runs of this very program, and how they are killed.
#pragma once

#include <cstdint>
#include <signal.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace penstock::torture {

// Seconds after which a child that hangs is ended by SIGALRM, and so reported with its seed.
inline constexpr unsigned kStuckAfter = 120;

// How a process ended.
struct End {
  int status = 0;
  bool killed() const { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }
  bool well() const { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }
  std::string text() const {
    if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
    return "ended with status " + std::to_string(WEXITSTATUS(status));
  }
};

// One run of this program, with its own arguments. Killed at the end of the scope if nobody waited for it.
class Child {
 public:
  explicit Child(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    std::string self = "/proc/self/exe";
    argv.push_back(self.data());
    for (std::string& a : arguments) argv.push_back(a.data());
    argv.push_back(nullptr);
    if (posix_spawn(&pid_, "/proc/self/exe", nullptr, nullptr, argv.data(), environ) != 0)
      throw std::runtime_error("cannot start a child");
  }
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  Child& operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~Child() {
    kill();
    if (pid_ > 0) (void)wait();
  }

  pid_t pid() const { return pid_; }  // 0: it was waited for
  // One that was waited for is sent nothing: 0 would be this whole process group.
  void send(int signal) const {
    if (pid_ > 0) ::kill(pid_, signal);
  }
  void kill() const { send(SIGKILL); }
  bool has_ended() const {  // and can be waited for
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_;
  }
  End wait() {
    End end;
    while (waitpid(pid_, &end.status, 0) < 0) {
    }
    pid_ = 0;
    return end;
  }

 private:
  pid_t pid_ = 0;
};

// Lets the kernel send this process a signal so much later, wherever it is then. Returns the timer.
inline timer_t signal_me_in(int signal, std::uint64_t microseconds) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = signal;
  timer_t timer{};
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(microseconds / 1'000'000);
  when.it_value.tv_nsec = static_cast<long>(microseconds % 1'000'000 * 1000 + 1);
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &when, nullptr) != 0)
    throw std::runtime_error("cannot arm a timer");
  return timer;
}

inline void kill_me_in(std::uint64_t microseconds) { (void)signal_me_in(SIGKILL, microseconds); }

// This whole process stands still for so long.
inline void stop_me_for(std::uint64_t microseconds) {
  const timer_t timer = signal_me_in(SIGCONT, microseconds);
  ::kill(getpid(), SIGSTOP);
  timer_delete(timer);
}

}  // namespace penstock::torture
