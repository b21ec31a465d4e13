// The build id of this very program, found a second time in its file.
#include "base/build_id.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

using namespace penstock::base;
using namespace std::string_literals;

TEST_CASE("the build id is what the linker wrote into the program's file") {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  const std::string octets((std::istreambuf_iterator<char>(file)), {});
  const std::string before = "\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0"s;  // 20 octets follow: a SHA-1
  const std::size_t note = octets.find(before);
  if (note == std::string::npos) {  // a linker that writes none
    CHECK(build_id() == "penstock-"s + version());
    return;
  }
  std::string id;
  for (char c : octets.substr(note + before.size(), 20)) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(c));
    id += digits;
  }
  CHECK(build_id() == id);
}
