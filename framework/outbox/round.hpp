// One round of a relay: what is read, sent and judged. No thread, no clock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include <penstock/plugin/backend.hpp>
#include <penstock/relay.hpp>

namespace penstock::outbox {

using Send = std::function<Result<std::vector<Admission>>(std::span<const NewTask>)>;

struct Round {
  std::size_t read = 0, moved = 0, refused = 0;
  std::vector<OutboxRows::Refused> reasons;
  std::optional<Error> trouble;  // why rows that were read are still there
};

// Reads at most `batch` rows, sends them in order, takes out what was accepted and sets aside what
// will never be. When the backend refuses a whole batch for good, it is halved until the rows at
// fault stand alone. After a passing error no later row is sent, so that the order holds.
Round relay_round(OutboxRows& rows, std::uint32_t batch, const Send& send);

}  // namespace penstock::outbox
