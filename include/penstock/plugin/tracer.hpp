// The seam of tracers: spans around enqueues and attempts, joined across processes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <penstock/plugin/interface.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

struct SpanStart {
  std::string_view name;         // "enqueue" or "attempt"
  std::string_view kind, queue;  // of the task
  std::string_view task;         // its id as text
  std::uint32_t attempt = 0;
  std::string_view parent;  // W3C traceparent (w3.org/TR/trace-context) or empty: starts a trace
};

struct SpanEnd {
  std::string_view outcome;  // "done", "retry", "snooze", "discard", "fail", "cancelled", ...
  std::string_view error;    // empty when there was none
};

// Thread: any; a span may end on another thread than the one it began on.
class PENSTOCK_API Tracer : public Interface {
 public:
  static constexpr const char* kKind = "tracer";
  // Returns a span of this tracer's own numbering; 0 means that it is not recorded.
  virtual std::uint64_t start(const SpanStart&) noexcept = 0;
  // Ends the span once; 0 and unknown numbers are ignored.
  virtual void end(std::uint64_t span, const SpanEnd&) noexcept = 0;
  // The traceparent that children of the span carry; empty for 0.
  virtual std::string inject(std::uint64_t span) noexcept = 0;
};

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
