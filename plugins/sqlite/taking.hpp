// One queue's part of a claim.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "transaction.hpp"

namespace penstock::sqlite {

// A ready task as read.
struct Transaction::Candidate {
  Head head;
  std::int64_t flags = 0;
  Leased leased;
  std::string traits;  // when they matter to the claim
};

// The first tasks of a lane.
struct Transaction::Supply {
  std::vector<Candidate> tasks;
  std::size_t next = 0;                         // those before it are leased
  enum { unknown, none, some } rest = unknown;  // whether there are more of them in the lane
};

struct Transaction::Taking {
  std::string_view name;
  QueueRow& queue;
  std::uint32_t free = 0;   // tasks of the exchange that are not leased ahead
  std::uint32_t begin = 0;  // still to be marked begun
  Epoch epoch = 0;
  std::vector<std::int64_t> tasks;
  std::unordered_map<std::int64_t, Supply> supplies;  // by lane
  bool stopped = false;                               // more may be there at once
};

}  // namespace penstock::sqlite
