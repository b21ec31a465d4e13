// One finished span as one line of text.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <penstock/plugin/tracer.hpp>

#include "trace_context.hpp"

namespace penstock::log {

struct Span {
  std::string name, kind, queue, task;
  std::uint32_t attempt = 0;
  std::string parent;  // the parent's span id; empty: the trace starts here
  TraceContext context;
  std::chrono::steady_clock::time_point began;
};

// `text`, in quotes if it needs them, with control characters escaped: whatever a handler says stays
// on its line and moves no terminal. Cut after 1 KiB.
std::string escaped(std::string_view text);

// `name=attempt kind=... outcome=... trace=...`: pairs, values in quotes where they need them.
std::string format_line(const Span& span, const SpanEnd& end, std::chrono::nanoseconds took);

}  // namespace penstock::log
