// What a module's file says of its symbols, whatever is in the file.
#include "plugins/symbols.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "support/rounds.hpp"
#include "unit/plugins/scratch.hpp"

using namespace penstock;
using namespace penstock::testing;
using plugins::read_symbols;

TEST_CASE("a module exports its entry, and needs the C++ library") {
  auto symbols = read_symbols(module_file("good"));
  REQUIRE(symbols);
  CHECK(symbols->exported == std::vector<std::string>{"penstock_plugin_0_good"});
  CHECK(symbols->unique.empty());
  CHECK(std::ranges::find(symbols->needed, "libstdc++.so.6") != symbols->needed.end());
  CHECK(std::ranges::find(symbols->undefined, "__cxa_throw") != symbols->undefined.end());
}

TEST_CASE("a symbol that nobody has is undefined") {
  auto symbols = read_symbols(module_file("unresolved"));
  REQUIRE(symbols);
  CHECK(std::ranges::find(symbols->undefined, "penstock_test_nobody_has_this") != symbols->undefined.end());
}

TEST_CASE("files that are cut, or whose octets are changed, are read with care") {
  Folder folder;
  const std::string whole = content(module_file("good")), file = folder / "libpenstock-good.so";
  std::mt19937_64 random(5);
  for (int i = 0; i < rounds(400); ++i) {
    std::string bytes = whole;
    if (i % 2) bytes.resize(random() % whole.size());
    for (int n = 0; n < 20 && !bytes.empty(); ++n) {
      // The header and the table of sections, which stands at the end, are where the numbers are.
      const std::size_t at =
          random() % 2 ? random() % 64 : bytes.size() - 1 - random() % std::min<std::size_t>(bytes.size(), 2500);
      bytes[std::min(at, bytes.size() - 1)] = static_cast<char>(random());
    }
    write(file, bytes);
    auto symbols = read_symbols(file);
    if (!symbols) CHECK_FALSE(symbols.error().message.empty());
  }
  CHECK(read_symbols(folder / "gone").error().code == Errc::not_found);
}
