// What is set for gates and what was taken of their tokens, for the model. Who holds a slot is not
// known here: that follows from the states of the tasks.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include <penstock/plugin/backend.hpp>

namespace penstock::model {

struct Now {
  Time wall;
  Millis boot;
};

class GateTable {
 public:
  struct Gate {
    std::optional<Limit> declared, by_operator;
    Millis held{};           // until then, by the boot clock
    std::int64_t full_at{};  // nanoseconds of the boot clock: all tokens are there again
  };
  using Name = std::pair<std::string, std::string>;  // queue, gate

  Result<void> limit(const Name&, Layer, const Limit*, Now);
  Result<void> hold(const Name&, Millis at_most, Now);

  Limit limit_of(const Name&) const;     // what goes for it; not itself: its class
  Millis held_until(const Name&) const;  // also by a hold of everything
  // When its hold is over and a token there: in the past if so by now; nothing: never by time alone.
  std::optional<Millis> opens(const Name&) const;
  void take(const Name&, Now);  // a token
  void refund(const Name&);
  const std::map<Name, Gate>& all() const { return gates_; }

 private:
  std::map<Name, Gate> gates_;
};

}  // namespace penstock::model
