// The bell as one process sees it: a number that changes when a queue has rung.
//
// Every ring has a number of its queue, which rises. It is learnt of twice, from the message on the channel and from
// the answer to this process's own calls, and counted once. The listener connects when first needed; whoever waits
// listens for all.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "client.hpp"

namespace penstock::redis {

// Thread: any.
class Bell {
 public:
  Bell(Client& client, std::string channel) : client_(client), channel_(std::move(channel)) {}

  std::uint64_t now();
  // Listens from now on, unless one attempt fails: then it makes none for a second, and leaves the rest to those who
  // wait. The bell changes when they have succeeded, so nothing is missed.
  void listen(Deadline);
  // A call of this process has seen these rings. `then`: the bell before that call. Returns the bell to wait with: it
  // is an old one if somebody else changed it during the call.
  using Rings = std::vector<std::pair<std::string, std::uint64_t>>;  // by the queue's key
  std::uint64_t learn(const Rings&, std::uint64_t then);

  Result<std::uint64_t> wait(std::uint64_t bell, Millis at_most);
  void interrupt();

 private:
  void hear(std::unique_lock<std::mutex>&, Deadline);
  void take(const Listener::Heard&);
  void rang(const std::string& queue_key, std::uint64_t number);
  void change() {
    ++count_;
    changed_.notify_all();
  }

  Client& client_;
  const std::string channel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Listener> listener_;
  bool led_ = false;         // somebody uses the listener
  bool subscribed_ = false;  // as far as is known
  Deadline next_try_{};      // of `listen`
  std::uint64_t count_ = 1;
  std::unordered_map<std::string, std::uint64_t> heard_;  // by the queue's key
};

}  // namespace penstock::redis
