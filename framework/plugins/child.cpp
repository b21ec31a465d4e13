#include "plugins/child.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace penstock::plugins {
namespace {

using Clock = std::chrono::steady_clock;

void send(int fd, const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    ssize_t n = ::write(fd, text.data() + sent, text.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

// A reply is the error's code (0: none), the text, and a mark that it is whole.
[[noreturn]] void run_child(int out, const std::function<Result<std::string>()>& work) {
  ::setpgid(0, 0);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);  // a crash here is no crash of the host
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd : {0, 1, 2}) ::dup2(null, fd);
  if (out != 3) ::dup2(out, 3);
  ::close_range(4, ~0U, 0);  // nothing of the parent's is within reach but the reply
  Result<std::string> made = guard([&] { return work(); });
  char code = made ? '\0' : static_cast<char>(made.error().code);
  send(3, std::string(1, code) + (made ? *made : made.error().message) + '\n');
  ::_exit(0);  // no static destructors: they are the module's too
}

// Reads until the end, the deadline or the limit. False: the child was not done in time, or said too much.
bool receive(int fd, Clock::time_point deadline, std::string& reply) {
  std::array<char, 4096> buffer;
  while (reply.size() <= kMaxReply) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready{fd, POLLIN, 0};
    int n = left > 0 ? ::poll(&ready, 1, static_cast<int>(left)) : 0;
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    reply.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return false;
}

Error died(int status) {
  if (WIFSIGNALED(status)) {
    const char* name = ::sigdescr_np(WTERMSIG(status));
    return Error{Errc::internal, std::string("the process that opened it died: ") + (name ? name : "signal")};
  }
  return Error{Errc::internal, "the process that opened it ended with status " + std::to_string(WEXITSTATUS(status))};
}

}  // namespace

Result<std::string> in_child(const std::function<Result<std::string>()>& work, std::chrono::milliseconds limit) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error{Errc::unavailable, std::string("pipe: ") + std::strerror(errno)};
  pid_t child = ::fork();
  if (child < 0) {
    int code = errno;
    ::close(ends[0]), ::close(ends[1]);
    return Error{Errc::unavailable, std::string("fork: ") + std::strerror(code)};
  }
  if (child == 0) run_child(ends[1], work);
  ::setpgid(child, child);  // here as well: whoever comes first
  ::close(ends[1]);
  std::string reply;
  bool in_time = receive(ends[0], Clock::now() + limit, reply);
  ::close(ends[0]);
  ::kill(-child, SIGKILL);  // what it may have left behind; it has not been waited for, so the number is its own
  ::kill(child, SIGKILL);   // it may have left its group
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time && reply.size() > kMaxReply) return Error{Errc::resource_exhausted, "it says more than 1MiB"};
  if (!in_time) return Error{Errc::unavailable, "not done within " + std::to_string(limit.count()) + " ms"};
  if (reply.size() < 2 || reply.back() != '\n') return died(status);
  auto code = static_cast<Errc>(reply[0]);
  std::string text = reply.substr(1, reply.size() - 2);
  if (code == Errc{}) return text;
  return Error{code, std::move(text)};
}

}  // namespace penstock::plugins
