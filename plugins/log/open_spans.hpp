// The spans that have begun and not ended: bounded, the oldest goes first. Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "line.hpp"

namespace penstock::log {

class OpenSpans {
 public:
  explicit OpenSpans(std::size_t limit) : limit_(limit) {}

  std::uint64_t add(Span span) {
    std::lock_guard lock(mutex_);
    if (spans_.size() == limit_) {
      spans_.erase(spans_.begin());  // numbers rise, so the first is the oldest
      ++dropped_;
    }
    spans_.emplace_hint(spans_.end(), ++last_, std::move(span));
    return last_;
  }

  std::optional<Span> remove(std::uint64_t number) {
    std::lock_guard lock(mutex_);
    auto node = spans_.extract(number);
    return node ? std::optional<Span>(std::move(node.mapped())) : std::nullopt;
  }

  std::optional<TraceContext> context(std::uint64_t number) const {
    std::lock_guard lock(mutex_);
    auto at = spans_.find(number);
    return at == spans_.end() ? std::nullopt : std::optional<TraceContext>(at->second.context);
  }

  std::uint64_t dropped() const {
    std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  mutable std::mutex mutex_;
  const std::size_t limit_;
  std::map<std::uint64_t, Span> spans_;
  std::uint64_t last_ = 0, dropped_ = 0;
};

}  // namespace penstock::log
