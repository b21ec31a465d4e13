// Random bits for ids and jitter.
#pragma once

#include <cstdint>
#include <span>

namespace penstock::base {

// From the kernel's generator; cannot fail on Linux once the system is up.
void random_bytes(std::span<unsigned char> out) noexcept;

// A small fast generator (xoshiro256**, Blackman and Vigna 2018), not for secrets. Seeded by the kernel
// unless a seed is given. One per thread or under a lock.
class Random {
 public:
  Random() noexcept;
  explicit Random(std::uint64_t seed) noexcept;
  std::uint64_t next() noexcept;

 private:
  std::uint64_t s_[4];
};

}  // namespace penstock::base
