// What is set for the name of a gate, or of a class of gates.
#pragma once

#include <cstdint>
#include <optional>

#include <penstock/plugin/backend.hpp>

#include "statement.hpp"

namespace penstock::sqlite {

// A row of penstock_limit, without its key.
struct GateSetting {
  std::optional<Limit> declared, by_operator;
  std::int64_t held = 0, held_wall = 0;  // until then, by the boot clock and by the wall clock

  const Limit* limit() const noexcept { return by_operator ? &*by_operator : declared ? &*declared : nullptr; }
};

#define PENSTOCK_SETTING_COLUMNS                                                                             \
  "declared_running,declared_per_second,declared_burst,operator_running,operator_per_second,operator_burst," \
  "held_until,held_wall"

// Reads these columns, the first of which is `column`.
inline GateSetting read_gate_setting(const Use& use, int column) {
  auto limit = [&](int at) -> std::optional<Limit> {
    if (use.null(at)) return {};
    return Limit{use.integer(at), use.real(at + 1), static_cast<std::uint32_t>(use.integer(at + 2))};
  };
  return {limit(column), limit(column + 3), use.integer(column + 6), use.integer(column + 7)};
}

}  // namespace penstock::sqlite
