// Errors that differ in numbers, ids and quoted values only are one.
#include "base/fingerprint.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using penstock::base::fingerprint;

TEST_CASE("numbers, ids and what stands in quotes do not count") {
  auto same = [](const char* a, const char* b) { return fingerprint("k", a) == fingerprint("k", b); };
  CHECK(same("disk 17 is gone", "disk 3 is gone"));
  CHECK(same("cannot open \"/a/b\"", "cannot open \"/c\""));
  CHECK(same("task 0192f0c1-7a3c-7b1e-9f00-2b6c3d4e5f60 is late", "task deadbeef-abcd-efab-face-abcdefabcdef is late"));
  CHECK(same("object deadbeefcafe", "object 0123456789ab"));
  CHECK(same("took 12ms", "took 7ms"));
}

TEST_CASE("the words, the marks between them and the kind do count") {
  auto same = [](const char* a, const char* b) { return fingerprint("k", a) == fingerprint("k", b); };
  CHECK_FALSE(same("disk is gone", "disc is gone"));
  CHECK_FALSE(same("a: b", "a; b"));
  CHECK_FALSE(same("facade", "decade"));  // hexadecimal, but short: words
  CHECK_FALSE(same("it's", "it's not"));
  CHECK(fingerprint("a", "x") != fingerprint("b", "x"));
  CHECK(fingerprint("ab", "c") != fingerprint("a", "bc"));
}

TEST_CASE("any octets whatever have a fingerprint that is not 0") {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 40, '\0');
    for (char& c : text) c = static_cast<char>(random() % 5 == 0 ? '"' : random());
    REQUIRE(fingerprint("k", text) != 0);
    REQUIRE(fingerprint("k", text) == fingerprint("k", text));
  }
}
