// No memory, when a test says so: a program that this is linked into has an operator new of its own.
#pragma once

#include <cstdint>

struct Famine {
  bool armed = false;  // only then is anything counted or refused
  bool lasts = false;  // all that follows is refused, too, not one allocation
  bool begun = false;
  std::uint64_t after = 0;  // allocations
};
extern thread_local Famine famine;
