// A master, a replica of it, and three sentinels that agree about them.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "support/redis/server.hpp"

namespace penstock::testing {

class Sentinels {
 public:
  static constexpr const char* kMaster = "main";

  // Returns once the replica has all data and the sentinels know each other. `more`: for both servers.
  explicit Sentinels(const std::vector<std::string>& more = {});

  RedisServer& first() noexcept { return *servers_[0]; }   // the master at the start
  RedisServer& second() noexcept { return *servers_[1]; }  // its replica
  std::vector<std::uint16_t> ports() const { return {ports_.begin(), ports_.end()}; }

  // What redis-cli prints for a command to a sentinel.
  std::string cli(std::size_t sentinel, const std::vector<std::string>& words) const;
  // Waits until every sentinel has announced the `times`-th change of the master.
  void switched(std::size_t times = 1);
  void kill(std::size_t sentinel) { sentinels_[sentinel]->kill(); }

 private:
  Folder folder_;
  std::array<std::unique_ptr<RedisServer>, 2> servers_;
  std::array<std::uint16_t, 3> ports_{};
  std::array<std::unique_ptr<Process>, 3> sentinels_;
};

}  // namespace penstock::testing
