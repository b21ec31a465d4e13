// What a record's body says: read back as written, and refused or harmless when damaged.
#include "durable/envelope.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/rounds.hpp"
#include "unit/durable/damage.hpp"

using namespace penstock;
using namespace penstock::durable;
using namespace std::chrono_literals;

namespace {

std::string encoded(const Envelope& e) {
  std::string out;
  encode(e, out);
  return out;
}

// An envelope of random content, and the texts that its views point to.
class Any {
 public:
  explicit Any(std::mt19937_64& random) : random_(random) {
    e.version = one_in(2) ? 1 : static_cast<std::uint32_t>(random_());
    e.codec = text(20);
    for (int n = below(9); n > 0; --n) e.transforms.push_back(text(10));
    if (one_in(2)) e.retries = static_cast<std::uint32_t>(random_());
    for (auto* d : {&e.backoff, &e.backoff_cap, &e.timeout, &e.keep_result}) {
      if (one_in(2)) *d = Millis(static_cast<std::int64_t>(random_() >> (1 + below(63))));
    }
    if (one_in(2)) e.jitter = one_in(2);
    for (int n = below(one_in(10) ? 65 : 4); n > 0; --n) e.metadata.emplace_back(text(10), text(30));
    e.payload = text(200);
  }
  Envelope e;

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool one_in(int n) { return below(n) == 0; }
  std::string_view text(int at_most) {
    std::string& t = *texts_.emplace_back(std::make_unique<std::string>());
    for (int n = below(at_most + 1); n > 0; --n) t += static_cast<char>(random_());
    return t;
  }
  std::mt19937_64& random_;
  std::vector<std::unique_ptr<std::string>> texts_;
};

bool equal(const Envelope& a, const Envelope& b) {
  return a.version == b.version && a.codec == b.codec && a.transforms == b.transforms && a.retries == b.retries &&
         a.backoff == b.backoff && a.backoff_cap == b.backoff_cap && a.timeout == b.timeout &&
         a.keep_result == b.keep_result && a.jitter == b.jitter && a.metadata == b.metadata && a.payload == b.payload;
}

// Whatever `body` is, it is refused, or gives an envelope that can be used.
bool harmless(const std::string& body) {
  Result<Envelope> e = decode_envelope(body);
  if (!e) return e.error().code == Errc::invalid;
  auto inside = [&body](std::string_view view) {
    return view.empty() || (view.data() >= body.data() && view.data() + view.size() <= body.data() + body.size());
  };
  bool good = inside(e->codec) && inside(e->payload) && e->transforms.size() <= kMaxTransforms &&
              e->metadata.size() <= kMaxMetadataPairs;
  for (std::string_view t : e->transforms) good = good && inside(t);
  for (const auto& [key, value] : e->metadata) good = good && inside(key) && inside(value);
  for (const auto& d : {e->backoff, e->backoff_cap, e->timeout, e->keep_result}) good = good && d.value_or(0ms) >= 0ms;
  return good;
}

}  // namespace

TEST_CASE("whatever an envelope holds is read back, from a body of its own or after other octets") {
  std::mt19937_64 random(20'240'301);
  for (int round = 0; round < rounds(20'000); ++round) {
    Any any(random);
    const std::string body = encoded(any.e);
    Result<Envelope> back = decode_envelope(body);
    REQUIRE(back);
    REQUIRE(equal(*back, any.e));
    std::string appended = "before";
    encode(any.e, appended);
    REQUIRE(appended == "before" + body);
  }
}

TEST_CASE("an envelope that says nothing costs three octets") {
  Envelope plain;
  plain.payload = "payload";
  CHECK(encoded(plain).size() == 3 + 7);
  CHECK(decode_envelope(encoded({}))->payload.empty());
}

TEST_CASE("every cut and every turned bit of a body is refused or harmless") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 10; ++round) {
    Any any(random);
    each_damaged(encoded(any.e), [](const std::string& body) { REQUIRE(harmless(body)); });
  }
}

TEST_CASE("no octets whatever do harm") {
  std::mt19937_64 random(8);
  for (int round = 0; round < 50'000; ++round) {
    std::string body(1 + random() % 60, '\0');
    for (char& c : body) c = static_cast<char>(random() % 3 ? random() % 14 : random());
    body[0] = 1;
    REQUIRE(harmless(body));
  }
}

TEST_CASE("a body of another version is told from a damaged one") {
  CHECK(decode_envelope("").error().message.find("version") != std::string::npos);
  CHECK(decode_envelope("\x02").error().message.find("version") != std::string::npos);
  CHECK(decode_envelope("\x01\x0c").error().message.find("damaged") != std::string::npos);
  CHECK(decode_envelope("\x01"));
}

TEST_CASE("a tag that is not known yet is passed over") {
  Envelope e;
  e.payload = "x";
  std::string body = encoded(e);
  body.insert(1, std::string("\x7f\x03new", 5));
  body += std::string("\xff\x01\x00", 3);
  REQUIRE(decode_envelope(body));
  CHECK(decode_envelope(body)->payload == "x");
}

TEST_CASE("numbers too long for their field are refused") {
  auto refused = [](std::string_view body) { return !decode_envelope(body); };
  using namespace std::string_view_literals;
  CHECK(refused("\x01\x04\x05\xff\xff\xff\xff\x1f"sv));                          // retries of 33 bits
  CHECK(refused("\x01\x05\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv));      // a duration of 64 bits
  CHECK(refused("\x01\x05\x0b\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"sv));  // more octets than 64 bits need
  CHECK(refused("\x01\x05\x02\x01\x01"sv));                                      // octets after the number
  CHECK(refused("\x01\x0b\x01x"sv));                                             // a value without its key
}
