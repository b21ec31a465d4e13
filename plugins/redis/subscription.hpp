// A connection that listens to channels, and notices when it hears nothing because nobody is there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connection.hpp"

namespace penstock::redis {

// Thread: one at a time. What throws throws Lost, or Failure when the server refuses.
class Subscription {
 public:
  struct Message {
    std::string channel, text;
  };

  // Asks for the channels; `subscribed` once the server has confirmed all of them.
  Subscription(std::unique_ptr<Connection> connection, const std::vector<std::string>& channels, const Options& options,
               Deadline deadline);

  enum class Heard : std::uint8_t { nothing, subscribed, message };
  // The next thing that has come, without waiting.
  Heard next(Message& message);
  // Says something when the silence has lasted long; gives up when that is not answered.
  void tend(Deadline now);
  // When `tend` has something to do.
  Deadline next_tending() const noexcept { return asked_ ? heard_at_ + ping_ + patience_ : heard_at_ + ping_; }
  int descriptor() const { return connection_->descriptor(); }

 private:
  std::unique_ptr<Connection> connection_;
  std::size_t unconfirmed_;
  const std::chrono::milliseconds ping_, patience_;
  Deadline heard_at_;
  bool asked_ = false;
};

}  // namespace penstock::redis
