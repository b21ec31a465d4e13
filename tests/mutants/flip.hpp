// What flips.py puts around the conditions of a copy of the sources: flip(N, CONDITION) is the condition, but for the
// one N that PENSTOCK_FLIP names, which is turned round. With PENSTOCK_FLIPS_SEEN=FILE a program appends to FILE the
// numbers that it came by.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace penstock_flips {

struct Flips {
  static constexpr int kMost = 8192;

  Flips() {
    const char* number = std::getenv("PENSTOCK_FLIP");
    chosen = number ? std::atoi(number) : 0;
  }
  ~Flips() {
    const char* path = std::getenv("PENSTOCK_FLIPS_SEEN");
    std::FILE* file = path ? std::fopen(path, "a") : nullptr;
    if (!file) return;
    for (int n = 0; n < kMost; ++n) {
      if (seen[n]) std::fprintf(file, "%d\n", n);
    }
    std::fclose(file);
  }

  int chosen = 0;
  bool seen[kMost] = {};
};

inline Flips& flips() {
  static Flips all;
  return all;
}

constexpr bool flip(int number, bool value) {
  if (__builtin_is_constant_evaluated()) return value;
  Flips& all = flips();
  all.seen[number] = true;
  return value != (number == all.chosen);
}

}  // namespace penstock_flips
