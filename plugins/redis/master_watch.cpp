#include "master_watch.hpp"

#include "backoff.hpp"
#include "failure.hpp"

namespace penstock::redis {
namespace {

constexpr auto kConnectTime = 500ms;  // messages of others wait meanwhile

}  // namespace

bool MasterWatch::switched(Deadline now) {
  if (setup_.options.sentinels.empty()) return false;
  try {
    if (!subscription_ && !connect(now)) return false;
    if (announced()) return true;
    subscription_->tend(now);
  } catch (const Failure&) {
    lose(now);
  } catch (const Lost&) {
    lose(now);
  } catch (const Interrupted&) {
    lose(now);
    throw;
  }
  return false;
}

bool MasterWatch::connect(Deadline now) {
  if (now < next_try_) return false;
  const Address& sentinel = setup_.options.sentinels[sentinel_ % setup_.options.sentinels.size()];
  const Deadline until = now + kConnectTime;
  auto connection = std::make_unique<Connection>(sentinel, setup_, Peer::sentinel, until, wake_);
  subscription_ = std::make_unique<Subscription>(std::move(connection), std::vector<std::string>{"+switch-master"},
                                                 setup_.options, until);
  return true;
}

// "NAME old-address old-port new-address new-port"
bool MasterWatch::announced() {
  for (Subscription::Message message;;) {
    switch (subscription_->next(message)) {
      case Subscription::Heard::nothing:
        return false;
      case Subscription::Heard::subscribed:
        failures_ = 0;
        break;
      case Subscription::Heard::message:
        if (message.text.starts_with(setup_.options.master + ' ')) return true;
    }
  }
}

void MasterWatch::lose(Deadline now) noexcept {
  subscription_.reset();
  ++sentinel_;
  next_try_ = now + pause_after(++failures_, setup_.options.backoff, setup_.options.backoff_cap, random_());
}

Deadline MasterWatch::next_tending() const noexcept {
  if (setup_.options.sentinels.empty()) return Deadline::max();
  return subscription_ ? subscription_->next_tending() : next_try_;
}

}  // namespace penstock::redis
