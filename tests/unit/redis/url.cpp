#include <catch2/catch.hpp>

#include "redis/options.hpp"

namespace penstock::redis {
namespace {

Options good(std::string_view url) {
  auto parsed = parse_url(url);
  if (!parsed) FAIL(parsed.error().message);
  return *parsed;
}

std::string bad(std::string_view url) {
  auto parsed = parse_url(url);
  return parsed ? "accepted" : parsed.error().message;
}

TEST_CASE("the parts of a URL") {
  const Options plain = good("redis://localhost");
  CHECK(plain.address == Address{"localhost", 6379});
  CHECK(!plain.tls.on);
  CHECK(plain.password.empty());
  const Options all = good("rediss://anna:se%3acret%40@db.example:7000/3");
  CHECK(all.address == Address{"db.example", 7000});
  CHECK(all.tls.on);
  CHECK(all.user == "anna");
  CHECK(all.password == "se:cret@");
  CHECK(all.database == 3);
  const Options only_password = good("redis://:pw@h/");
  CHECK(only_password.user.empty());
  CHECK(only_password.password == "pw");
  CHECK(good("redis://[::1]:7001").address == Address{"::1", 7001});
  CHECK(good("redis://[::1]").address == Address{"::1", 6379});
  CHECK(good("unix:///run/r.sock").address == Address{"/run/r.sock", 0});
  CHECK(good("unix:///run/r.sock?db=2").database == 2);
}

TEST_CASE("what is wrong with a URL, without its password") {
  CHECK(bad("http://h") == "url: it starts with redis://, rediss:// or unix://");
  CHECK(bad("") == "url: it starts with redis://, rediss:// or unix://");
  CHECK(bad("redis://") == "url: : the host is missing");
  for (const char* url : {"redis://h:0", "redis://h:65536", "redis://h:x", "redis://h:", "redis://[::1", "redis://h/x",
                          "redis://h/-1", "redis://u:%4@h", "redis://u:%zz@h", "unix://r.sock", "unix://",
                          "unix:///a?x=1", "unix:///a?db=", "redis://a b", "redis://h?db=1"})
    CHECK(bad(url) != "accepted");
  CHECK(bad("redis://u:hunter2@h:x").find("hunter2") == std::string::npos);
  CHECK(bad("redis://u:hunter2%@h").find("hunter2") == std::string::npos);
  CHECK(bad("unix:///" + std::string(200, 'a')).find("107") != std::string::npos);
}

TEST_CASE("addresses are written as they are read") {
  for (const char* text : {"h:1", "127.0.0.1:6379", "[fe80::1]:7000"}) CHECK(to_text(*parse_address(text, 1)) == text);
  CHECK(to_text(Address{"/a/b", 0}) == "unix:/a/b");
}

}  // namespace
}  // namespace penstock::redis
