#include "support/fault_proxy.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace penstock::testing {
namespace {

using Clock = std::chrono::steady_clock;
using To = NetworkFault::To;
using Kind = NetworkFault::Kind;

constexpr std::size_t kMostHeld = 4 << 20;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void without_delay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

}  // namespace

// One direction of a connection.
struct FaultProxy::Flow {
  explicit Flow(To direction) : to(direction) {}
  const To to;
  std::string out;                     // read, not yet written
  Clock::time_point hold{};            // nothing is written before
  std::uint64_t armed = 0, count = 0;  // octets since the fault was armed
  std::uint64_t losing = 0;            // octets to lose
  std::uint64_t recording = 0;         // octets to keep, and to send again then
  std::string recorded;
  bool ended = false;  // the reader has closed
};

struct FaultProxy::Pair {
  int client = -1, server = -1;
  bool silent = false, gone = false;
  Flow to_client{To::client}, to_server{To::server};

  ~Pair() { end(false); }
  void end(bool reset) {
    for (int* fd : {&client, &server}) {
      const linger hard{1, 0};
      if (reset && *fd >= 0) setsockopt(*fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
      if (*fd >= 0) close(*fd);
      *fd = -1;
    }
    gone = true;
  }
};

FaultProxy::FaultProxy(std::uint16_t target) : target_(target) {
  listening_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listening_, 64) != 0 ||
      getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("the proxy cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

FaultProxy::~FaultProxy() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
  close(listening_), close(wake_);
}

void FaultProxy::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_, &one, sizeof one);
}

void FaultProxy::arm(std::initializer_list<NetworkFault> faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
  ++armed_;
}

void FaultProxy::disarm() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

bool FaultProxy::happens(std::uint64_t times, Clock::time_point until) {
  std::unique_lock lock(mutex_);
  return happened_more_.wait_until(lock, until, [&] { return happened_ >= times; });
}

void FaultProxy::part() {
  const std::lock_guard lock(mutex_);
  parted_ = true;
  for (auto& pair : pairs_) pair->silent = true;
  wake();
}

void FaultProxy::join() {
  {
    const std::lock_guard lock(mutex_);
    parted_ = false;
  }
  reset_all();
}

void FaultProxy::reset_all() { end(Ending::all); }
void FaultProxy::reset_half_open() { end(Ending::half_open); }

// By the serving thread: a socket that is being polled is not closed before the poll returns.
void FaultProxy::end(Ending which) {
  std::unique_lock lock(mutex_);
  ending_ = std::max(ending_, which);
  wake();
  ended_.wait(lock, [&] { return ending_ == Ending::none; });
}

void FaultProxy::end_some() {
  const Ending which = std::exchange(ending_, Ending::none);
  if (which == Ending::none) return;
  for (auto& pair : pairs_) {
    if (which == Ending::all || pair->silent) pair->end(true);
  }
  ended_.notify_all();
}

void FaultProxy::serve() {
  for (;;) {
    std::vector<pollfd> fds{{listening_, POLLIN, 0}, {wake_, POLLIN, 0}};
    int timeout = -1;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
      end_some();
      pairs_.remove_if([](const auto& pair) { return pair->gone; });
      const auto now = Clock::now();
      const auto events = [&](const Flow& in, const Flow& out) {
        int wanted = in.out.size() < kMostHeld && !in.ended ? POLLIN : 0;
        if (!out.out.empty() && now >= out.hold) wanted |= POLLOUT;
        if (!out.out.empty() && now < out.hold) {
          const auto left = std::chrono::ceil<std::chrono::milliseconds>(out.hold - now).count();
          timeout = timeout < 0 ? static_cast<int>(left) : std::min(timeout, static_cast<int>(left));
        }
        return static_cast<short>(wanted);
      };
      for (const auto& pair : pairs_) {
        const bool quiet = pair->silent;
        fds.push_back({quiet ? -1 : pair->client, events(pair->to_server, pair->to_client), 0});
        fds.push_back({quiet ? -1 : pair->server, events(pair->to_client, pair->to_server), 0});
      }
    }
    poll(fds.data(), fds.size(), timeout);
    const std::lock_guard lock(mutex_);
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = read(wake_, &count, sizeof count);
    std::size_t i = 2;
    for (const auto& pair : pairs_) {
      if (i + 1 < fds.size()) pump(*pair, fds[i].revents, fds[i + 1].revents);
      i += 2;
    }
    if (fds[0].revents != 0) accept();
  }
  const std::lock_guard lock(mutex_);
  pairs_.clear();
}

void FaultProxy::accept() {
  const int client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  ++accepted_;
  auto pair = std::make_unique<Pair>();
  pair->client = client;
  pair->silent = parted_;
  without_delay(client);
  if (!parted_) {
    pair->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(target_);
    if (connect(pair->server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
    without_delay(pair->server);
  }
  pairs_.push_back(std::move(pair));
}

void FaultProxy::pump(Pair& pair, short client_events, short server_events) {
  if (pair.silent || pair.gone) return;
  if ((client_events & (POLLIN | POLLHUP | POLLERR)) != 0) move(pair, pair.to_server, pair.client);
  if (!pair.gone && !pair.silent && (server_events & (POLLIN | POLLHUP | POLLERR)) != 0)
    move(pair, pair.to_client, pair.server);
  if (!pair.gone) flush(pair, pair.to_client, pair.client);
  if (!pair.gone) flush(pair, pair.to_server, pair.server);
}

void FaultProxy::move(Pair& pair, Flow& flow, int from) {
  char piece[16384];
  const ssize_t n = recv(from, piece, sizeof piece, 0);
  if (n > 0) {
    pass(pair, flow, piece, static_cast<std::size_t>(n));
  } else if (n == 0) {
    flow.ended = true;
  } else if (errno != EAGAIN && errno != EINTR) {
    pair.end(true);
  }
}

// Octet by octet as far as faults are concerned.
void FaultProxy::pass(Pair& pair, Flow& flow, const char* octets, std::size_t count) {
  if (due(flow, count) && whole()) {
    faults_.front().count = count;
    happen(pair, flow);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (due(flow)) happen(pair, flow);
    if (pair.gone || pair.silent) return;
    ++flow.count;
    if (flow.losing != 0) {
      --flow.losing;
      continue;
    }
    flow.out += octets[i];
    if (flow.recording == 0) continue;
    flow.recorded += octets[i];
    if (--flow.recording == 0) flow.out += std::exchange(flow.recorded, {});
  }
}

bool FaultProxy::due(Flow& flow, std::size_t within) const {
  if (flow.armed != armed_) flow.armed = armed_, flow.count = 0;
  return !faults_.empty() && faults_.front().to == flow.to && flow.count <= faults_.front().at &&
         faults_.front().at < flow.count + within;
}

bool FaultProxy::whole() const {
  const NetworkFault& next = faults_.front();
  return next.count == 0 && (next.kind == Kind::swallow || next.kind == Kind::duplicate);
}

void FaultProxy::happen(Pair& pair, Flow& flow) {
  const NetworkFault fault = faults_.front();
  faults_.pop_front();
  ++happened_;
  happened_more_.notify_all();
  switch (fault.kind) {
    case Kind::delay:
      flush(pair, flow, flow.to == To::client ? pair.client : pair.server);
      flow.hold = Clock::now() + fault.time;
      return;
    case Kind::cut:
    case Kind::reset:
      flush(pair, pair.to_client, pair.client);
      if (!pair.gone) flush(pair, pair.to_server, pair.server);
      return pair.end(fault.kind == Kind::reset);
    case Kind::half_open:
      flush(pair, pair.to_client, pair.client);
      pair.silent = true;
      return;
    case Kind::swallow:
      flow.losing = fault.count;
      return;
    case Kind::duplicate:
      flow.recording = fault.count;
  }
}

void FaultProxy::flush(Pair& pair, Flow& flow, int to) {
  if (Clock::now() < flow.hold) return;
  while (!flow.out.empty()) {
    const ssize_t n = send(to, flow.out.data(), flow.out.size(), MSG_NOSIGNAL);
    if (n > 0) {
      flow.out.erase(0, static_cast<std::size_t>(n));
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) pair.end(true);
    return;
  }
  if (flow.ended) pair.end(false);
}

}  // namespace penstock::testing
