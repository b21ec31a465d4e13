#include "torture/redis/wire.hpp"

#include <atomic>
#include <csignal>
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

namespace penstock::torture {
namespace {

std::atomic<Moment> moment{Moment::any};
std::atomic<std::uint64_t> left{0};

bool is_now(Moment m) { return moment == m && --left == 0; }
void die() { kill(getpid(), SIGKILL); }

}  // namespace

void die_at_the_wire(Moment m, std::uint64_t at) {
  left = at;
  moment = m;
}

}  // namespace penstock::torture

// The C library's own are behind these, for everything in this program.
extern "C" ssize_t send(int fd, const void* octets, size_t count, int flags) {
  using namespace penstock::torture;
  static const auto real = reinterpret_cast<ssize_t (*)(int, const void*, size_t, int)>(dlsym(RTLD_NEXT, "send"));
  if (is_now(Moment::unsent)) die();
  if (is_now(Moment::torn)) {
    real(fd, octets, count / 2, flags);
    die();
  }
  const ssize_t n = real(fd, octets, count, flags);
  if (n > 0 && is_now(Moment::sent)) die();
  return n;
}

extern "C" ssize_t recv(int fd, void* octets, size_t count, int flags) {
  using namespace penstock::torture;
  static const auto real = reinterpret_cast<ssize_t (*)(int, void*, size_t, int)>(dlsym(RTLD_NEXT, "recv"));
  const ssize_t n = real(fd, octets, count, flags);
  if (n > 0 && is_now(Moment::unread)) die();
  return n;
}
