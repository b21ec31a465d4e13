// A holder of leases that is always too late (row W5): it claims, lets others take over or end what it holds, and then
// says all that a holder may say. None of it may count. Its own connections are good.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "torture/redis/place.hpp"

namespace penstock::torture {

// Thread: one.
class Straggler {
 public:
  Straggler(const RedisPlace&, std::string queue);
  // One step, and how many stale calls it made. Throws Violation when one was accepted.
  std::uint64_t act();
  // Gives back what it holds.
  void end();

 private:
  void claim();
  bool all_taken_over();
  std::uint64_t speak();

  testing::TestHost host_;
  const std::unique_ptr<DurableBackend> store_;
  const std::string queue_;
  std::vector<Leased> held_;
  int children_ = 0;
};

}  // namespace penstock::torture
