// Three servers in a row: a primary, its replica, and the replica of that. What passes between the first two, and
// between clients and servers, goes through proxies. So the first replica can be late or cut off while both live, and
// when it takes over it has a replica at once: with `min-replicas-to-write 1` it would take no writes without.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "support/fault_proxy.hpp"
#include "support/redis/server.hpp"

namespace penstock::torture {

// Thread: one.
class Chain {
 public:
  static constexpr std::size_t kWays = 2;

  Chain();

  testing::RedisServer& primary() { return *row_[0]; }
  testing::FaultProxy& link() { return *link_; }  // from the primary to its replica
  // Where clients go, by one of two ways, which may lead to different servers.
  std::string url(std::size_t way) const { return "redis://127.0.0.1:" + std::to_string(ways_[way]->port()); }

  // How long the primary goes on writing for a replica of which it hears nothing.
  void wait_for_replicas(std::chrono::seconds);
  // The replica becomes the primary. Nobody tells the old one, whether it lives or not, nor the clients.
  void promote();
  // That way leads to the primary now.
  void lead(std::size_t way);
  // The link is whole, and the old primary the last in the row. Throws Violation when that takes too long.
  void mend(bool old_lives);

 private:
  void wait_until_whole();

  std::array<std::unique_ptr<testing::RedisServer>, 3> servers_;
  std::array<testing::RedisServer*, 3> row_{};
  std::unique_ptr<testing::FaultProxy> link_;
  std::array<std::unique_ptr<testing::FaultProxy>, kWays> ways_;
};

}  // namespace penstock::torture
