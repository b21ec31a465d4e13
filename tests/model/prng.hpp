// A small generator of numbers (the splitmix64 recurrence) whose output does not depend on the library.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace penstock::model {

class Prng {
 public:
  explicit Prng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }  // n > 0
  bool one_in(int n) { return below(n) == 0; }
  int of(std::initializer_list<int> choices) { return choices.begin()[below(static_cast<int>(choices.size()))]; }

 private:
  std::uint64_t state_;
};

}  // namespace penstock::model
