// A priority queue of records whose removal is lazy.
//
// An entry names a record and the ticket that the record had when it came in. Records change their
// ticket when they leave for another reason than being popped; their entry is then stale, is skipped
// at the top, and is swept out once such entries outnumber the live ones. So a record needs no
// back-reference that every sift would have to write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace penstock::memory {

// Signed to unsigned, keeping the order.
constexpr std::uint64_t rising(std::int64_t v) noexcept { return static_cast<std::uint64_t>(v) ^ (1ull << 63); }
constexpr std::int64_t unrising(std::uint64_t v) noexcept { return static_cast<std::int64_t>(v ^ (1ull << 63)); }

class Heap {
 public:
  struct Entry {
    std::uint64_t major = 0, minor = 0;  // least first
    std::uint32_t ref = 0, ticket = 0;
  };

  std::size_t size() const noexcept { return entries_.size(); }

  // `live` is at least the number of live entries.
  template <class Live>
  void push(const Entry& e, std::uint64_t live, Live is_live) {
    if (entries_.size() > kSlack + 2 * live) {
      std::erase_if(entries_, [&](const Entry& x) { return !is_live(x); });
      rebuild();
    }
    entries_.push_back(e);
    rise(entries_.size() - 1);
  }

  // The least live entry, or null.
  template <class Live>
  const Entry* top(Live is_live) noexcept {
    while (!entries_.empty() && !is_live(entries_.front())) pop();
    return entries_.empty() ? nullptr : &entries_.front();
  }
  void pop() noexcept;

 private:
  static constexpr std::size_t kFan = 4, kSlack = 64;

  void rise(std::size_t at) noexcept;
  void sink(std::size_t at) noexcept;
  void rebuild() noexcept;

  std::vector<Entry> entries_;
};

}  // namespace penstock::memory
