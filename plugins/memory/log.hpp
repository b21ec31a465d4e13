// Records in the order of a number that only rises (arrival, epoch, end), removed lazily.
//
// An entry is stale once its record no longer bears its key. Stale entries are skipped at the front
// and swept out when they outnumber the live ones.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace penstock::memory {

class Log {
 public:
  struct Entry {
    std::uint64_t key = 0;
    std::uint32_t ref = 0;
  };

  std::size_t size() const noexcept { return entries_.size(); }
  const Entry& operator[](std::size_t i) const noexcept { return entries_[i]; }

  // Requires: `key` is above all keys pushed before; `live` is at least the number of live entries.
  template <class Live>
  void push(std::uint64_t key, std::uint32_t ref, std::uint64_t live, Live is_live) {
    if (entries_.size() > kSlack + 2 * live) std::erase_if(entries_, [&](const Entry& e) { return !is_live(e); });
    entries_.push_back({key, ref});
  }

  // The live entry of the least key, or null.
  template <class Live>
  const Entry* oldest(Live is_live) noexcept {
    while (!entries_.empty() && !is_live(entries_.front())) entries_.pop_front();
    return entries_.empty() ? nullptr : &entries_.front();
  }

  // Where the keys above `key` begin.
  std::size_t after(std::uint64_t key) const noexcept {
    auto at = std::upper_bound(entries_.begin(), entries_.end(), key,
                               [](std::uint64_t k, const Entry& e) { return k < e.key; });
    return static_cast<std::size_t>(at - entries_.begin());
  }

 private:
  static constexpr std::size_t kSlack = 64;
  std::deque<Entry> entries_;
};

}  // namespace penstock::memory
