// Who holds which unique key of a queue.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <penstock/plugin/backend.hpp>

#include "flows.hpp"

namespace penstock::memory {

class UniqueKeys {
 public:
  struct Entry {
    TaskId holder;
    bool held = false;  // by a task that is not done with it
    Time until{};       // and in any case until then
  };

  // The holder that keeps others from taking the key now, or null.
  const Entry* taken(std::string_view key, Time now) const noexcept {
    const auto at = keys_.find(key);
    return at == keys_.end() || !(at->second.held || at->second.until > now) ? nullptr : &at->second;
  }
  void take(std::string_view key, const TaskId& id, Time until) {
    Entry& e = keys_[std::string(key)];
    e = {id, true, std::max(until, e.until)};
  }
  void release(std::string_view key, const TaskId& id, Time now) noexcept {
    const auto at = keys_.find(key);
    if (at == keys_.end() || at->second.holder != id) return;
    at->second.held = false;
    if (at->second.until <= now) keys_.erase(at);
  }
  // Lets go of what expired, looking at `at_most` keys.
  void sweep(Time now, std::uint32_t at_most) noexcept {
    auto at = keys_.find(std::string_view(swept_));
    if (at == keys_.end()) at = keys_.begin();
    for (; at != keys_.end() && at_most > 0; --at_most) {
      at = at->second.held || at->second.until > now ? std::next(at) : keys_.erase(at);
    }
    if (at == keys_.end()) {
      swept_.clear();
    } else {
      try {
        swept_ = at->first;
      } catch (...) {
        swept_.clear();
      }
    }
  }

  std::size_t size() const noexcept { return keys_.size(); }

 private:
  ByName<Entry> keys_;
  std::string swept_;  // where the next sweep goes on
};

}  // namespace penstock::memory
