// Middleware wraps: any callable of one of the two shapes below. The first one given is outermost. It
// may look, change, measure, and short-circuit by not calling `next`. What it throws becomes an
// outcome: of an attempt, `retry`; of an enqueue, an error for every item.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <penstock/flow.hpp>
#include <penstock/outcome.hpp>
#include <penstock/plugin/handlers.hpp>
#include <penstock/task.hpp>

namespace penstock {

// Around an attempt: durable tasks and in-memory ones alike.
using Next = std::function<Outcome(Context&)>;
using Middleware = std::function<Outcome(Context&, const Next&)>;

// One task on its way into the store. Middleware may change any of it.
struct EnqueueRequest {
  TaskRef ref;
  std::string kind;
  std::string payload;  // before transforms
  std::string codec;    // value codec that wrote it; empty: raw bytes
  std::vector<std::pair<std::string, std::string>> metadata;
  std::int32_t priority = 0;
  std::uint16_t weight = 1;
  FlowKeys keys;
};

// Around an enqueue of durable tasks; a single enqueue is a batch of one. `next` answers every item.
using EnqueueNext = std::function<std::vector<Enqueued>(std::span<EnqueueRequest>)>;
using EnqueueMiddleware = std::function<std::vector<Enqueued>(std::span<EnqueueRequest>, const EnqueueNext&)>;

}  // namespace penstock
