#include "base/random.hpp"

#include <bit>
#include <cstdlib>
#include <sys/random.h>

namespace penstock::base {

void random_bytes(std::span<unsigned char> out) noexcept {
  while (!out.empty()) {
    ssize_t n = getrandom(out.data(), out.size(), 0);
    if (n > 0) out = out.subspan(static_cast<std::size_t>(n));
  }
}

Random::Random() noexcept { random_bytes({reinterpret_cast<unsigned char*>(s_), sizeof s_}); }

Random::Random(std::uint64_t seed) noexcept {
  for (std::uint64_t& word : s_) {  // splitmix64 spreads the seed over the state
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t z = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

std::uint64_t Random::next() noexcept {
  std::uint64_t out = std::rotl(s_[1] * 5, 7) * 9;
  std::uint64_t t = s_[1] << 17;
  s_[2] ^= s_[0];
  s_[3] ^= s_[1];
  s_[1] ^= s_[2];
  s_[0] ^= s_[3];
  s_[2] ^= t;
  s_[3] = std::rotl(s_[3], 45);
  return out;
}

}  // namespace penstock::base
