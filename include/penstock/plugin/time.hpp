// Time as it crosses the seams, and the clock a host can lend to its plugins.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <penstock/plugin/abi.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

using Millis = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Millis>;  // wall-clock instant, UTC

// Asked of the Host by id. A backend whose store has no clock of its own (memory, SQLite) takes its
// time from here when it is offered, else from the operating system. Tests lend a virtual one.
// Thread: any.
class PENSTOCK_API TimeSource {
 public:
  static constexpr std::string_view kId = "penstock.host.time/1";
  virtual Time wall() noexcept = 0;    // may jump; decides when a task with a due date is due
  virtual Millis boot() noexcept = 0;  // since boot, counts suspended time, never jumps; leases use it

 protected:
  ~TimeSource() = default;
};

// Asked of the Host by id: lets time pass for a component that waits on purpose. When it is not offered the
// component waits by the operating system's clock. Tests lend one that moves a clock by hand.
// Thread: any.
class PENSTOCK_API Sleeper {
 public:
  static constexpr std::string_view kId = "penstock.host.sleeper/1";
  virtual void sleep(Millis time) noexcept = 0;

 protected:
  ~Sleeper() = default;
};

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
