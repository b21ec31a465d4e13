#include "index.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace penstock::memory {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t scramble(std::uint64_t v) noexcept {
  v = (v ^ (v >> 32)) * 0xd6e8feb86659fd93ull;
  v = (v ^ (v >> 32)) * 0xd6e8feb86659fd93ull;
  return v ^ (v >> 32);
}

}  // namespace

IdHash::IdHash(std::uint64_t seed) noexcept : key_{scramble(seed + 1), scramble(seed + 2), scramble(seed + 3) | 1} {}

std::uint32_t IdHash::operator()(const TaskId& id) const noexcept {
  std::uint64_t half[2];
  std::memcpy(half, id.bytes.data(), sizeof half);
  const std::uint64_t mixed = fold(fold(half[0] ^ key_[0], half[1] ^ key_[1]) ^ key_[0], key_[2]);
  return static_cast<std::uint32_t>(mixed ^ (mixed >> 32));
}

void Index::make_room() {
  if (4 * (size_ + 1) <= 3 * cells_.size()) return;
  std::vector<Cell> old(std::max<std::size_t>(16, cells_.size() * 2));
  old.swap(cells_);
  for (const Cell& c : old) {
    if (c.ref != kNone) cells_[place(c.hash, kNone)] = c;
  }
}

// The cell of `ref`, or for kNone the first free one of this hash.
std::size_t Index::place(std::uint32_t hash, std::uint32_t ref) const noexcept {
  std::size_t i = hash & mask();
  while (cells_[i].ref != ref) i = (i + 1) & mask();
  return i;
}

void Index::insert(std::uint32_t hash, std::uint32_t ref) noexcept {
  cells_[place(hash, kNone)] = {hash, ref};
  ++size_;
}

void Index::erase(std::uint32_t hash, std::uint32_t ref) noexcept {
  std::size_t hole = place(hash, ref);
  for (std::size_t i = (hole + 1) & mask(); cells_[i].ref != kNone; i = (i + 1) & mask()) {
    const std::size_t home = cells_[i].hash & mask();
    if (((i - home) & mask()) < ((i - hole) & mask())) continue;  // it must not move before its home
    cells_[std::exchange(hole, i)] = cells_[i];
  }
  cells_[hole].ref = kNone;
  --size_;
}

}  // namespace penstock::memory
