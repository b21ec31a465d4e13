// A cluster of three masters with a replica each.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "support/redis/server.hpp"

namespace penstock::testing {

class RedisCluster {
 public:
  // Returns once all nodes say that the cluster is fine. `more`: for each server.
  explicit RedisCluster(const std::vector<std::string>& more = {});

  std::size_t size() const noexcept { return nodes_.size(); }
  RedisServer& node(std::size_t i) noexcept { return *nodes_[i]; }  // the first three are the masters at the start
  std::string url() const { return nodes_.front()->url(); }
  // The master that owns a slot, as node 0 (or `asked`) tells.
  RedisServer& owner(unsigned slot, std::size_t asked = 0);
  // Those that own slots and are not taken for lost, as any node but `not_this` tells.
  std::vector<RedisServer*> masters(const RedisServer* not_this = nullptr);

  // Moves a slot in three steps: between them, keys that are gone are asked for at `to`, and new ones as well.
  void begin_move(unsigned slot, RedisServer& from, RedisServer& to) const;
  void move_keys(unsigned slot, RedisServer& from, RedisServer& to, unsigned at_most = 1000) const;
  void end_move(unsigned slot, RedisServer& from, RedisServer& to) const;

 private:
  RedisServer* at(const std::string& address);

  std::vector<std::unique_ptr<RedisServer>> nodes_;
};

}  // namespace penstock::testing
