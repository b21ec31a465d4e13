#include <catch2/catch.hpp>
#include <memory>

#include "redis/slot.hpp"
#include "redis/slot_map.hpp"

namespace penstock::redis {
namespace {

static_assert(crc16("123456789") == 0x31C3);  // the check value of CRC-16/XMODEM
static_assert(crc16("") == 0);

TEST_CASE("slots of keys, as CLUSTER KEYSLOT gives them") {
  CHECK(slot_of("foo") == 12182);
  CHECK(slot_of("bar") == 5061);
  CHECK(slot_of("hello") == 866);
  CHECK(slot_of("") == 0);
  CHECK(slot_of("{foo}bar") == 12182);
  CHECK(slot_of("x{foo}bar{zap}") == 12182);
  CHECK(slot_of("foo{}{bar}") == crc16("foo{}{bar}") % kSlots);  // an empty tag is none
  CHECK(slot_of("foo{{bar}}zap") == crc16("{bar") % kSlots);
  CHECK(slot_of("foo{bar") == crc16("foo{bar") % kSlots);
}

TEST_CASE("redirections") {
  const Address from{"10.0.0.9", 7000};
  const auto moved = read_redirection("MOVED 3999 127.0.0.1:6381", from);
  REQUIRE(moved);
  CHECK(moved->slot == 3999);
  CHECK(moved->to == Address{"127.0.0.1", 6381});
  CHECK(read_redirection("ASK 1 ::1:6381", from)->to == Address{"::1", 6381});
  CHECK(read_redirection("MOVED 1 :6381", from)->to == Address{"10.0.0.9", 6381});
  for (const char* text : {"MOVED", "MOVED 1", "MOVED x h:1", "MOVED 16384 h:1", "MOVED -1 h:1", "MOVED 1 h",
                           "MOVED 1 h:", "MOVED 1 h:0", "MOVED 1 h:65536", "MOVED  h:1", ""})
    CHECK(!read_redirection(text, from));
}

// {{first, last, {host, port}}}
Reply slots(std::int64_t first, std::int64_t last, std::string host, std::int64_t port) {
  using Kind = Reply::Kind;
  const auto values = std::make_shared<Values>();
  values->octets = host;
  values->all = {{Kind::array, 1, 1},       {Kind::array, 3, 2},
                 {Kind::integer, 0, first}, {Kind::integer, 0, last},
                 {Kind::array, 2, 5},       {Kind::text, static_cast<std::uint32_t>(host.size()), 0},
                 {Kind::integer, 0, port}};
  return Reply(values, 0);
}

TEST_CASE("the answer to CLUSTER SLOTS") {
  const Address asked{"10.0.0.9", 7000};
  const auto ranges = read_slots(slots(0, 16383, "h", 6379), asked);
  REQUIRE(ranges.size() == 1);
  CHECK(ranges[0].first == 0);
  CHECK(ranges[0].last == 16383);
  CHECK(ranges[0].master == Address{"h", 6379});
  CHECK(read_slots(slots(0, 1, "", 6379), asked)[0].master == Address{"10.0.0.9", 6379});
  CHECK(read_slots(slots(0, 16384, "h", 1), asked).empty());
  CHECK(read_slots(slots(-1, 1, "h", 1), asked).empty());
  CHECK(read_slots(slots(2, 1, "h", 1), asked).empty());
  CHECK(read_slots(slots(0, 1, "h", 70000), asked).empty());
  CHECK(read_slots(Reply(), asked).empty());
}

}  // namespace
}  // namespace penstock::redis
