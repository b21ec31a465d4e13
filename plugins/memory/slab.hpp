// Records at stable indices: chunks that never move, and a list of the free ones.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

namespace penstock::memory {

inline constexpr std::uint32_t kNone = UINT32_MAX;

// A record is handed out in two steps, so that filling it may throw: next() names a free one, take()
// makes it used. Records are not destroyed by give(): whoever gives one back empties it, and what it
// keeps (tickets, small buffers) serves the next user.
template <class T>
class Slab {
 public:
  T& operator[](std::uint32_t i) noexcept { return chunks_[i >> kBits][i & kMask]; }
  const T& operator[](std::uint32_t i) const noexcept { return chunks_[i >> kBits][i & kMask]; }
  std::uint64_t used() const noexcept { return fresh_ - free_.size(); }

  std::uint32_t next() {
    if (!free_.empty()) return free_.back();
    if (fresh_ == chunks_.size() << kBits) grow();
    return fresh_;
  }
  void take() noexcept {
    if (free_.empty()) {
      ++fresh_;
    } else {
      free_.pop_back();
    }
  }
  void give(std::uint32_t i) noexcept { free_.push_back(i); }

 private:
  static constexpr std::uint32_t kBits = 8, kMask = (1u << kBits) - 1;

  void grow() {
    const std::size_t room = (chunks_.size() + 1) << kBits;
    if (room > (1u << 31)) throw std::length_error("memory backend: too many records");
    if (free_.capacity() < room) free_.reserve(room * 2);  // so that give() cannot throw
    chunks_.push_back(std::make_unique<T[]>(std::size_t{1} << kBits));
  }

  std::vector<std::unique_ptr<T[]>> chunks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t fresh_ = 0;
};

}  // namespace penstock::memory
