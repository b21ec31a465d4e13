// Who owns which slots of a cluster, as its nodes tell it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "reply.hpp"

namespace penstock::redis {

struct SlotRange {
  std::uint16_t first, last;
  Address master;
};

// Of the answer to CLUSTER SLOTS. A node that does not know its own name leaves it empty: it is the one that was asked.
// Empty when it is not such an answer.
std::vector<SlotRange> read_slots(const Reply& reply, const Address& asked);

struct Redirection {
  std::uint16_t slot;
  Address to;
};

// Of "MOVED 3999 host:port" or "ASK 3999 host:port".
std::optional<Redirection> read_redirection(std::string_view error, const Address& from);

}  // namespace penstock::redis
