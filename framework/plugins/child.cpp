#include "plugins/child.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <span>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace penstock::plugins {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kReply = 3;  // the child's end of the pipe

void send(std::string_view text) {
  while (!text.empty()) {
    ssize_t n = ::write(kReply, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

[[noreturn]] void run_child(int out, const std::function<void()>& work) {
  ::setpgid(0, 0);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);  // a crash here is no crash of the host
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd : {0, 1, 2}) ::dup2(null, fd);
  if (out != kReply) ::dup2(out, kReply);
  ::close_range(kReply + 1, ~0U, 0);  // nothing of the parent's is within reach but the reply
  work();
  ::_exit(0);  // no static destructors: they are the module's too
}

struct Child {
  pid_t pid;
  int reply;
};

Result<Child> spawn(const std::function<void()>& work) {
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
  return Child{child, ends[0]};
}

// Ends the child and what it may have left behind, and returns how it ended.
int end(const Child& child) {
  ::close(child.reply);
  ::kill(-child.pid, SIGKILL);  // it has not been waited for, so the number is its own
  ::kill(child.pid, SIGKILL);   // it may have left its group
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// What came within `limit`: nothing at the end of all, or an error when it was nothing yet.
Result<std::string_view> receive(int fd, Clock::time_point deadline, std::span<char> buffer) {
  while (true) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready{fd, POLLIN, 0};
    int n = left > 0 ? ::poll(&ready, 1, static_cast<int>(left)) : 0;
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Error{Errc::unavailable, "nothing came in time"};
    ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    return std::string_view(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  }
}

Error late(std::chrono::milliseconds limit) {
  return Error{Errc::unavailable, "not done within " + std::to_string(limit.count()) + " ms"};
}
Error too_much() { return Error{Errc::resource_exhausted, "it says more than 1MiB"}; }
Error died(int status) {
  if (WIFSIGNALED(status)) {
    const char* name = ::sigdescr_np(WTERMSIG(status));
    return Error{Errc::internal, std::string("the process that opened it died: ") + (name ? name : "signal")};
  }
  return Error{Errc::internal, "the process that opened it ended with status " + std::to_string(WEXITSTATUS(status))};
}

// What came so far of the lines of a child. The module that it loads shares the pipe, and may write into it.
struct Heard {
  const Hear& hear;
  std::string text;    // of a line that is not complete
  bool whole = false;  // the mark of the end has come

  // Hands the complete lines on, but for the mark.
  Result<void> take(std::string_view more) {
    if (whole) return foreign();
    text += more;
    std::size_t begin = 0;
    for (std::size_t at; (at = text.find('\n', begin)) != std::string::npos; begin = at + 1) {
      if (auto taken = take_line(std::string_view(text).substr(begin, at - begin)); !taken) return taken;
    }
    text.erase(0, begin);
    return whole && !text.empty() ? foreign() : Result<void>();
  }

 private:
  Result<void> take_line(std::string_view line) {
    if (whole) return foreign();
    whole = line == ".";
    if (whole) return {};
    return line.starts_with('+') ? hear(line.substr(1)) : foreign();
  }
  static Error foreign() { return {Errc::internal, "the process that opened it wrote into the answers"}; }
};

}  // namespace

// A reply is the error's code (0: none), the text, and a mark that it is whole.
Result<std::string> in_child(const std::function<Result<std::string>()>& work, std::chrono::milliseconds limit) {
  auto child = spawn([&] {
    Result<std::string> made = guard([&] { return work(); });
    char code = made ? '\0' : static_cast<char>(made.error().code);
    send(std::string(1, code) + (made ? *made : made.error().message) + '\n');
  });
  if (!child) return child.error();
  const Clock::time_point deadline = Clock::now() + limit;
  std::array<char, 4096> buffer;
  std::string reply;
  Result<std::string_view> got{std::string_view("")};
  while (reply.size() <= kMaxReply && (got = receive(child->reply, deadline, buffer)) && !got->empty()) reply += *got;
  const int status = end(*child);
  if (reply.size() > kMaxReply) return too_much();
  if (!got) return late(limit);
  if (reply.size() < 2 || reply.back() != '\n') return died(status);
  auto code = static_cast<Errc>(reply[0]);
  std::string text = reply.substr(1, reply.size() - 2);
  if (code == Errc{}) return text;
  return Error{code, std::move(text)};
}

// A line is marked by its first octet, so that it cannot be taken for the mark of the end.
Result<void> hear_child(const std::function<void(const Say&)>& work, const Hear& hear,
                        std::chrono::milliseconds silence) {
  auto child = spawn([&] {
    const auto done = guard([&]() -> Result<void> {
      work([](std::string_view line) { send("+" + std::string(line) + '\n'); });
      return {};
    });
    if (done) send(".\n");
  });
  if (!child) return child.error();
  std::array<char, 4096> buffer;
  Heard heard{hear};
  Result<void> taken;
  Result<std::string_view> got{std::string_view("")};
  while (taken && heard.text.size() <= kMaxReply && (got = receive(child->reply, Clock::now() + silence, buffer)) &&
         !got->empty()) {
    taken = heard.take(*got);
  }
  const int status = end(*child);
  if (!taken) return taken;
  if (heard.text.size() > kMaxReply) return too_much();
  if (!got) return late(silence);
  if (!heard.whole) return died(status);
  return {};
}

}  // namespace penstock::plugins
