#include <algorithm>
#include <array>
#include <climits>
#include <optional>
#include <poll.h>
#include <random>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backoff.hpp"
#include "client.hpp"
#include "failure.hpp"
#include "inside.hpp"
#include "master_watch.hpp"
#include "subscription.hpp"

namespace penstock::redis {
namespace {

// A descriptor that wakes a poll until it is drained.
class Wake {
 public:
  Wake() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) throw Failure(unavailable("redis: no descriptor left for a listener"));
  }
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  ~Wake() { close(descriptor_); }

  int descriptor() const noexcept { return descriptor_; }
  void raise() const noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = write(descriptor_, &one, sizeof one);
  }
  bool drain() const noexcept {
    std::uint64_t count = 0;
    return read(descriptor_, &count, sizeof count) == sizeof count;
  }

 private:
  const int descriptor_;
};

}  // namespace

struct Listener::Impl {
  Impl(Client::Impl& shared, std::vector<std::string> wanted)
      : client(shared), channels(std::move(wanted)), watch(client.setup, wake.descriptor()) {}

  Heard wait(Deadline deadline);
  Heard lose(Error error);
  void connect(Deadline deadline);
  void sleep(Deadline until);

  Client::Impl& client;
  const std::vector<std::string> channels;
  Wake wake;
  MasterWatch watch;  // of use with sentinels only
  std::unique_ptr<Subscription> subscription;
  std::uint32_t failures = 0;
  Deadline next_try{};
  std::minstd_rand random{std::random_device{}()};
};

void Listener::Impl::connect(Deadline deadline) {
  const Deadline until = std::min(deadline, Clock::now() + client.options.connect_timeout);
  subscription = std::make_unique<Subscription>(client.router().connect(until, wake.descriptor()), channels,
                                                client.options, until);
}

Listener::Heard Listener::Impl::lose(Error error) {
  subscription.reset();
  next_try = Clock::now() + pause_after(++failures, client.options.backoff, client.options.backoff_cap, random());
  return {Heard::What::lost, {}, {}, std::move(error)};
}

// Until something can be read, or somebody interrupts.
void Listener::Impl::sleep(Deadline until) {
  std::array<pollfd, 3> fds{pollfd{wake.descriptor(), POLLIN, 0},
                            pollfd{subscription ? subscription->descriptor() : -1, POLLIN, 0},
                            pollfd{watch.descriptor(), POLLIN, 0}};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  poll(fds.data(), fds.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX)));
}

Listener::Heard Listener::Impl::wait(Deadline deadline) {
  for (;;) {
    if (wake.drain()) return {Heard::What::interrupted, {}, {}};
    const Deadline now = Clock::now();
    Deadline until = next_try;
    try {
      Router& router = client.router();
      if (watch.switched(now)) {
        router.forget();
        if (subscription) return lose(unavailable("redis: there is another master"));
      }
      if (!subscription && now >= next_try && now < deadline) connect(deadline);
      if (subscription) {
        Subscription::Message message;
        switch (subscription->next(message)) {
          case Subscription::Heard::message:
            return {Heard::What::message, std::move(message.channel), std::move(message.text)};
          case Subscription::Heard::subscribed:
            failures = 0;
            return {Heard::What::subscribed, {}, {}};
          case Subscription::Heard::nothing:
            subscription->tend(now);
            until = subscription->next_tending();
        }
      }
    } catch (const Failure& failure) {
      return lose(failure.error());
    } catch (const Lost& lost) {
      return lose(unavailable(std::string("redis: ") + lost.what()));
    } catch (const Interrupted&) {
      subscription.reset();  // interrupted in the middle of saying something
      continue;
    }
    if (now >= deadline) return {};
    sleep(std::min({until, watch.next_tending(), deadline}));
  }
}

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() = default;

Listener::Heard Listener::wait(Deadline deadline) noexcept {
  try {
    return impl_->wait(deadline);
  } catch (const std::exception& e) {
    return impl_->lose(unavailable(std::string("redis: ") + e.what()));
  }
}

void Listener::interrupt() noexcept { impl_->wake.raise(); }

std::unique_ptr<Listener> Client::listen(std::vector<std::string> channels) {
  return std::unique_ptr<Listener>(new Listener(std::make_unique<Listener::Impl>(*impl_, std::move(channels))));
}

}  // namespace penstock::redis
