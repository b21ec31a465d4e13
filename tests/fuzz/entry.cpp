// The door that libFuzzer knocks at.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  penstock::fuzz::take({reinterpret_cast<const char*>(data), size});
  return 0;
}

void penstock::fuzz::demand(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}
