// The codec `protobuf` against the protobuf library, both ways; and messages as payloads.
#include <catch2/catch.hpp>

#include <penstock/protobuf.hpp>

#include "required.pb.h"
#include "sample.hpp"
#include "sample.pb.h"

namespace pb = penstock_test;
using namespace sample;

namespace {

std::string view(const std::vector<std::byte>& v) { return {reinterpret_cast<const char*>(v.data()), v.size()}; }

pb::Point message(const Point& p) {
  pb::Point out;
  out.set_x(p.x), out.set_y(p.y);
  return out;
}

pb::All message(const All& a) {
  pb::All m;
  m.set_flag(a.flag), m.set_i8(a.i8), m.set_i16(a.i16), m.set_i32(a.i32), m.set_i64(a.i64);
  m.set_u8(a.u8), m.set_u16(a.u16), m.set_u32(a.u32), m.set_u64(a.u64);
  m.set_single(a.single), m.set_real(a.real), m.set_color(static_cast<pb::Color>(a.color));
  m.set_text(a.text), m.set_bytes(view(a.bytes)), m.set_raw(a.raw.data(), a.raw.size());
  m.set_hash(a.hash.data(), a.hash.size()), m.set_delay(a.delay.count());
  if (a.note) m.set_note(*a.note);
  if (a.limit) m.set_limit(*a.limit);
  for (auto n : a.ints) m.add_ints(n);
  for (auto n : a.reals) m.add_reals(n);
  for (bool b : a.flags) m.add_flags(b);
  for (const auto& w : a.words) m.add_words(w);
  for (const auto& b : a.blobs) m.add_blobs(view(b));
  for (const auto& p : a.points) *m.add_points() = message(p);
  for (auto n : a.triple) m.add_triple(n);
  for (const auto& [key, n] : a.counts) (*m.mutable_counts())[key] = n;
  for (const auto& [key, p] : a.places) (*m.mutable_places())[key] = message(p);
  *m.mutable_origin() = message(a.origin);
  return m;
}

}  // namespace

TEST_CASE("the library reads what the codec writes, and the other way round") {
  auto codec = open_codec("protobuf");
  Random random(5);
  for (int i = 0; i < 2'000; ++i) {
    All value = random.all();
    pb::All expected = message(value), parsed;
    if (!parsed.ParseFromString(written(*codec, value))) FAIL("the library refuses value " << i);
    // Compared as values: the library leaves zeros out, and the order of a map is free.
    All ours, theirs;
    ours.i32 = theirs.i32 = 0;  // proto3 has no other default
    std::string error =
        read(*codec, parsed.SerializeAsString(), ours) + read(*codec, expected.SerializeAsString(), theirs);
    if (!error.empty()) FAIL("the codec refuses value " << i << ": " << error);
    if (!(ours == value) || !(theirs == value)) FAIL("value " << i << " differs");
  }
  SUCCEED();
}

TEST_CASE("a message is its own payload") {
  using Payload = penstock::Payload<pb::Required>;
  static_assert(penstock::HasPayload<pb::Required>);
  CHECK(Payload::codec_name(nullptr) == "protobuf_message");
  pb::Required before, after;
  std::string out = "x";
  penstock::Result<void> refused = Payload::encode(before, nullptr, out);
  REQUIRE(!refused);
  CHECK(refused.error().message == "penstock_test.Required lacks required fields: name");
  CHECK(out == "x");

  before.set_name("n");
  REQUIRE(Payload::encode(before, nullptr, out));
  REQUIRE(Payload::decode(std::string_view(out).substr(1), nullptr, after));
  CHECK(after.name() == "n");
  CHECK(!Payload::decode("\xff", nullptr, after));
  CHECK(!Payload::decode("", nullptr, after));
}
