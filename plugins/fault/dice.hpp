// Chances that a seed decides: the n-th call of a method fares the same in every run.
#pragma once

#include <cstdint>

namespace penstock::fault {

// What becomes of one call: fractions in [0, 1), to be compared with rates.
struct Throw {
  double error, unknown, delayed;
  double length;  // of the delay, as a share of the longest
};

// splitmix64: a bijection that leaves no pattern of its input.
constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

constexpr Throw roll(std::uint64_t seed, std::uint64_t method, std::uint64_t call) noexcept {
  std::uint64_t state = mixed(mixed(mixed(seed) + method) + call);
  auto fraction = [&state] {
    state = mixed(state);
    return static_cast<double>(state >> 11) * 0x1p-53;
  };
  Throw out{};
  out.error = fraction(), out.unknown = fraction(), out.delayed = fraction(), out.length = fraction();
  return out;
}

}  // namespace penstock::fault
