// What is left of ended tasks whose content is gone, in the order in which it went.
#pragma once

#include <cstdint>
#include <deque>
#include <stdexcept>

#include <penstock/plugin/backend.hpp>

namespace penstock::memory {

struct Tombstone {
  TaskId id;
  Epoch epoch = 0;
  Time ended{};
  std::uint64_t since : 61;  // boot milliseconds of the end: ages do not follow the wall clock's jumps
  std::uint64_t state : 3;
};
static_assert(sizeof(Tombstone) == 40);

inline constexpr std::uint32_t kGone = 1u << 31;  // marks a reference to a tombstone among those to records

class Tombstones {
 public:
  bool empty() const noexcept { return stones_.empty(); }
  std::uint32_t push(const Tombstone& t) {
    if (stones_.size() > kMask) throw std::length_error("memory backend: too many tombstones");
    stones_.push_back(t);
    return kGone | ((first_ + static_cast<std::uint32_t>(stones_.size() - 1)) & kMask);
  }
  const Tombstone& operator[](std::uint32_t ref) const noexcept { return stones_[(ref - first_) & kMask]; }
  std::uint32_t oldest() const noexcept { return kGone | (first_ & kMask); }
  void pop() noexcept {
    stones_.pop_front();
    ++first_;
  }

 private:
  static constexpr std::uint32_t kMask = (1u << 30) - 1;  // a reference is never kNone
  std::deque<Tombstone> stones_;
  std::uint32_t first_ = 0;
};

}  // namespace penstock::memory
