// Names that would mean something else to a store, a path, a label or a log are refused (RELIABILITY D3).
#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <penstock/plugin/names.hpp>

#include "config/core.hpp"
#include "config/text.hpp"
#include "support/hostile_names.hpp"

using penstock::valid_name;

TEST_CASE("hostile names are refused") {
  std::vector<std::string> names = penstock::testing::hostile_names();
  REQUIRE(names.size() >= 250);
  for (const std::string& name : names) {
    CAPTURE(penstock::config::printable(name));
    CHECK_FALSE(valid_name(name));
    CHECK_FALSE(penstock::config::component_name(name));
  }
}

// Wherever the file takes a name, a hostile one is one line that shows it harmlessly.
TEST_CASE("hostile names are refused in every place of a config file") {
  using namespace penstock::config;
  auto in_quotes = [](const std::string& name) {
    std::string out = "\"";
    for (char c : name) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      bool plain = static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '"' && c != '\\';
      out += plain ? std::string(1, c) : std::string(code);
    }
    return out + "\"";
  };
  for (const std::string& name : penstock::testing::hostile_names()) {
    if (name.size() > 20'000) continue;
    const std::string quoted_name = in_quotes(name);
    for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
             {"[worker]\nqueues = { ", " = 1 }\n"},
             {"[worker.queues]\n", " = 1\n"},
             {"[worker]\n", " = 1\n"},
             {"[", "]\nx = 1\n"},
             {"[backend.", "]\nx = 1\n"},
             {"[backend]\nuse = ", "\n"},
             {"[backend]\ndurability = ", "\n"},
             {"[limiter]\nuse = ", "\n"},
             {"[tracer]\nuse = ", "\n"},
             {"[codec]\nuse = [", "]\n"},
             {"[plugins]\nallow = [", "]\n"},
             {"[worker]\nhandlers = [", "]\n"},
             {"[log]\nlevel = ", "\n"},
         }) {
      if (name == "*" && before.find("queues") != std::string::npos) continue;  // all the other queues
      if (name.empty() && after == "\n") continue;                              // none
      if (name.size() > 1 && name[0] == '/' && before.find("handlers") != std::string::npos) continue;  // a path
      auto root = parse(before + quoted_name + after, "f.toml");
      auto loaded = root ? check_core(std::move(*root)) : penstock::Result<Loaded>(root.error());
      CAPTURE(before, printable(name));
      REQUIRE_FALSE(loaded);
      const std::string line = loaded.error().message;
      CHECK(line.rfind("f.toml:", 0) == 0);
      CHECK(line.size() < 600);
      CHECK(printable(line, 1000) == line);
    }
  }
}

TEST_CASE("plain names are taken, up to 128 octets") {
  for (const char* name : {"a", "A", "0", "-", "_", "...", "a.b", "default", "__proto__", "critical-2.eu_west"}) {
    CAPTURE(name);
    CHECK(valid_name(name));
  }
  CHECK(valid_name(std::string(128, 'x')));
  CHECK_FALSE(valid_name(std::string(129, 'x')));
}

TEST_CASE("names of components are narrower") {
  using penstock::config::component_name;
  for (const char* name : {"a", "redis", "token_bucket", "s3"}) CHECK(component_name(name));
  for (const char* name : {"Redis", "3s", "_a", "a-b", "a.b", "a b"}) CHECK_FALSE(component_name(name));
  CHECK(component_name(std::string(64, 'a')));
  CHECK_FALSE(component_name(std::string(65, 'a')));
}

TEST_CASE("text becomes printable on one line") {
  using penstock::config::printable;
  CHECK(printable("a\nb\x1b") == "a\\x0ab\\x1b");
  CHECK(printable("caf\xc3\xa9") == "caf\xc3\xa9");
  CHECK(printable("\xc3(\xff") == "\\xc3(\\xff");
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  CHECK(printable("\xc2\x85") == "\\xc2\\x85");
  CHECK(printable(std::string(500, 'a'), 10) == "aaaaaaaaaa...");
  CHECK(printable(std::string("\0", 1)) == "\\x00");
}
