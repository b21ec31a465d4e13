// The soak of one backend, in a process of its own: what is measured is of that backend, and its faults touch no other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::torture {

struct Soak {
  std::string backend;
  std::uint64_t seconds = 0, rate = 0, seed = 0;

  std::vector<std::string> words() const;
  static Soak of(char** words);
};
inline constexpr int kSoakWords = 4;

// Returns the exit status: 0 when nothing was harmed, and nothing grew.
int be_soak_side(const Soak&);

}  // namespace penstock::torture
