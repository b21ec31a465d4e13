// The stream of ended tasks of this process, for anybody who listens.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <penstock/plugin/outcome.hpp>
#include <penstock/task.hpp>

namespace penstock {

// One ended task. A durable one is reported after the store accepted its end.
struct TaskResult {
  TaskRef ref;
  std::string kind;
  bool durable = false;
  Status status = Status::succeeded;
  std::uint32_t attempt = 1;
  std::string error;
  std::shared_ptr<ResultValue> value;  // what the handler returned, in this process's own type
  std::chrono::nanoseconds ran{};
};

enum class WhenFull : std::uint8_t { drop_newest, drop_oldest };

namespace impl {
class Subscriber;
}

// A bounded buffer of results from the time of subscription on. Dropping it unsubscribes.
// Thread: one at a time may call `next`; another may call the rest.
class PENSTOCK_API Results {
 public:
  explicit Results(std::shared_ptr<impl::Subscriber> subscriber);
  Results(Results&&) noexcept;
  Results& operator=(Results&&) noexcept;
  ~Results();

  // The next result; absent when `at_most` passed first, or when the manager has stopped and the
  // buffer is empty (`closed` tells which). Throws: invalid instead of waiting for a manager that is stepped by
  // hand (penstock/stepper.hpp); with 0 it only looks.
  std::optional<TaskResult> next(Millis at_most);
  bool closed() const;
  std::uint64_t dropped() const;  // results this subscriber did not get, by either policy

 private:
  std::shared_ptr<impl::Subscriber> subscriber_;
};

}  // namespace penstock
