// From task id to record: an open-addressing table of (hash, reference) pairs, and the hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "slab.hpp"

namespace penstock::memory {

// Keyed: whoever chooses ids but does not know the seed cannot make them collide.
class IdHash {
 public:
  explicit IdHash(std::uint64_t seed) noexcept;
  std::uint32_t operator()(const TaskId& id) const noexcept;

 private:
  std::uint64_t key_[3];
};

// Linear probing; erasing shifts back, so the table holds no gravestones. References are unique.
class Index {
 public:
  std::size_t size() const noexcept { return size_; }

  // The reference for which `same` holds among those of this hash, or kNone.
  template <class Same>
  std::uint32_t find(std::uint32_t hash, Same same) const noexcept {
    if (cells_.empty()) return kNone;
    for (std::size_t i = hash & mask();; i = (i + 1) & mask()) {
      const Cell& c = cells_[i];
      if (c.ref == kNone) return kNone;
      if (c.hash == hash && same(c.ref)) return c.ref;
    }
  }

  void make_room();                                             // for one insert
  void insert(std::uint32_t hash, std::uint32_t ref) noexcept;  // Requires: room for it
  void replace(std::uint32_t hash, std::uint32_t from, std::uint32_t to) noexcept {
    cells_[place(hash, from)].ref = to;
  }
  void erase(std::uint32_t hash, std::uint32_t ref) noexcept;

 private:
  struct Cell {
    std::uint32_t hash = 0, ref = kNone;
  };
  std::size_t mask() const noexcept { return cells_.size() - 1; }
  std::size_t place(std::uint32_t hash, std::uint32_t ref) const noexcept;

  std::vector<Cell> cells_;  // a power of two, at most three quarters full
  std::size_t size_ = 0;
};

}  // namespace penstock::memory
