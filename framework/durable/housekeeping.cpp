#include "durable/housekeeping.hpp"

#include <algorithm>

namespace penstock::durable {
namespace {

// Stores forget ids in two steps, each of that length. When it is long, what is left is for the turn of the queue.
constexpr Millis kLongest{60'000};

}  // namespace

Housekeeping::Housekeeping(Millis remembers, Instant now)
    : for_(std::min(2 * remembers, kLongest) + 2 * kOften), look_at_(now + kOften) {}

void Housekeeping::stir(const std::string& queue, Instant now) { stirred_[queue] = now + for_; }

std::vector<std::string> Housekeeping::visits(Instant now) {
  std::erase_if(stirred_, [now](const auto& q) { return q.second <= now; });
  std::vector<std::string> out;
  for (const auto& [queue, until] : stirred_) out.push_back(queue);
  return out;
}

std::optional<Counts> Housekeeping::looked(std::span<const Counts> all, Instant now) {
  look_at_ = now + kSeldom;
  const Counts *first = nullptr, *next = nullptr;  // by name: of all, and of those behind the last one
  for (const Counts& c : all) {
    if (stirred_.contains(c.queue)) continue;
    if (!first || c.queue < first->queue) first = &c;
    if (c.queue > last_ && (!next || c.queue < next->queue)) next = &c;
  }
  if (!next) next = first;
  if (!next) return std::nullopt;
  last_ = next->queue;
  return *next;
}

}  // namespace penstock::durable
