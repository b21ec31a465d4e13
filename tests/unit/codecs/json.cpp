#include <catch2/catch.hpp>

#include "sample.hpp"

using namespace sample;

namespace {

struct Job {
  std::vector<std::int64_t> sizes;
  std::optional<std::int64_t> limit = 1;
  std::vector<std::byte> octets;
  double ratio = 0;
  Point at;
  std::map<std::string, bool> marks;
};
struct Envelope {
  Job job;
};

std::string error_of(std::string_view json) {
  Envelope out;
  return read(*open_codec("json"), json, out);
}

}  // namespace

template <>
inline constexpr auto penstock::fields<Job> =
    std::tuple{penstock::field{"sizes", &Job::sizes},   penstock::field{"limit", &Job::limit},
               penstock::field{"octets", &Job::octets}, penstock::field{"ratio", &Job::ratio},
               penstock::field{"at", &Job::at},         penstock::field{"marks", &Job::marks}};
template <>
inline constexpr auto penstock::fields<Envelope> = std::tuple{penstock::field{"job", &Envelope::job}};

TEST_CASE("json: what is written") {
  auto codec = open_codec("json");
  Envelope e;
  e.job = {{1, -9223372036854775807 - 1}, {}, {std::byte{0xff}, std::byte{0}}, 0.1, {3, 4}, {{"a", true}}};
  CHECK(written(*codec, e) == R"({"job":{"sizes":[1,-9223372036854775808],"octets":"/wA=","ratio":0.1,)"
                              R"("at":{"x":3,"y":4.0},"marks":[{"key":"a","value":true}]}})");
}

TEST_CASE("json: errors name the place and what stood there") {
  CHECK(error_of(R"({"job":{"sizes":[1,2,3,"x"]}})") == R"(job.sizes[3]: expected an integer, got "x")");
  CHECK(error_of(R"({"job":{"sizes":[1.5]}})") == "job.sizes[0]: expected an integer, got 1.5");
  CHECK(error_of(R"({"job":{"sizes":[9223372036854775808]}})") ==
        "job.sizes[0]: expected an integer, got 9223372036854775808");
  CHECK(error_of(R"({"job":{"sizes":{}}})") == "job.sizes: expected a list, got an object");
  CHECK(error_of(R"({"job":{"at":{"x":null}}})") == "job.at.x: expected an integer, got null");
  CHECK(error_of(R"({"job":{"marks":[{"key":"a","value":1}]}})") ==
        "job.marks[0].value: expected true or false, got 1");
  CHECK(error_of(R"([])") == "payload: expected an object, got a list");
  CHECK(error_of("{\"job\":\"" + std::string(50, '\x7f') + "\"}") ==
        "job: expected an object, got \"" + std::string(40, '?') + "...\"");
}

TEST_CASE("json: what is not one JSON value is refused") {
  for (const char* bad : {"", " ", "{", "{}x", "{} {}", "{'a':1}", "{\"a\":01}", "{\"a\":1e999}", "{\"a\":\"\x01\"}",
                          "{\"a\":\"\xff\"}", "{\"a\":\"\\ud800\"}", "{\"a\":NaN}", "\xef\xbb\xbf{}", "{\"a\":1,}"}) {
    INFO(bad);
    CHECK_THAT(error_of(bad), Catch::StartsWith("payload: not JSON at offset "));
  }
  using namespace std::string_view_literals;
  CHECK_THAT(error_of("{}\0"sv), Catch::Contains("there is more after the value"));
  CHECK_THAT(error_of("{}\0{}"sv), Catch::Contains("there is more after the value"));
  CHECK(error_of(R"({"job":{},"a":{},"job":{}})") == R"(payload: the key "job" stands twice)");
  CHECK(error_of(" { \"job\" : { } } \n") == "");
  CHECK_THAT(error_of(std::string(100'000, '[')), Catch::EndsWith("nested deeper than 64"));
  CHECK(error_of(R"({"unknown":)" + std::string(63, '[') + std::string(63, ']') + "}") == "");
  CHECK_THAT(error_of(R"({"unknown":)" + std::string(64, '[') + std::string(64, ']') + "}"),
             Catch::EndsWith("nested deeper than 64"));
}

TEST_CASE("json: numbers at the edge of a double") {
  // RapidJSON 1.1 reads out of bounds when it converts such numbers itself with full precision.
  CHECK(error_of(R"({"job":{"ratio":3.8672133476448884e-333}})") ==
        "payload: not JSON at offset 16: a number is out of the range of a double");
  Envelope e;
  CHECK(read(*open_codec("json"), R"({"job":{"ratio":4.9406564584124654e-324}})", e) == "");
  CHECK(e.job.ratio == 5e-324);
  CHECK(read(*open_codec("json"), R"({"job":{"ratio":1.7976931348623157e308}})", e) == "");
  CHECK(read(*open_codec("json"), R"({"job":{"ratio":18446744073709551616}})", e) == "");
  CHECK(e.job.ratio == 18446744073709551616.0);
}

TEST_CASE("json: null is an empty optional") {
  Envelope e;
  CHECK(read(*open_codec("json"), R"({"job":{"limit":null}})", e) == "");
  CHECK(!e.job.limit);
  CHECK(read(*open_codec("json"), R"({"job":{"limit":4}})", e) == "");
  CHECK(e.job.limit == 4);
}

TEST_CASE("json: base64 has one spelling") {
  for (const char* bad : {"A", "AA", "AAA", "AA=A", "A===", "====", "AB==", "AAB=", "AA==AA==", "AA\\n==", "_w=="}) {
    INFO(bad);
    CHECK_THAT(error_of("{\"job\":{\"octets\":\"" + std::string(bad) + "\"}}"),
               Catch::StartsWith("job.octets: expected bytes in base64, got \""));
  }
  Envelope e;
  CHECK(read(*open_codec("json"), R"({"job":{"octets":"Zm9vYg=="}})", e) == "");
  CHECK(e.job.octets.size() == 4);
}

TEST_CASE("json: a number that is not finite is refused by name") {
  Envelope e;
  std::string out;
  for (double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    e.job.ratio = bad;
    auto done = open_codec("json")->encode(penstock::describe(e), out);
    REQUIRE(!done);
    CHECK(done.error().message == "job.ratio: JSON has no NaN and no infinity");
  }
}

TEST_CASE("json: each character that needs it is escaped, wherever in a text it stands") {
  auto codec = open_codec("json");
  Job job;
  for (const auto& [octet, escaped] : std::map<char, std::string>{{'"', "\\\""},
                                                                  {'\\', "\\\\"},
                                                                  {'\n', "\\n"},
                                                                  {'\0', "\\u0000"},
                                                                  {'\x1f', "\\u001F"},
                                                                  {' ', " "},
                                                                  {'!', "!"},
                                                                  {'\x7f', "\x7f"}}) {
    for (std::size_t size = 1; size <= 20; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text = std::string(size, 'x'), expected = text;
        text[at] = octet;
        expected.replace(at, 1, escaped);
        job.marks = {{text, true}};
        const std::string json = written(*codec, job);
        CHECK_THAT(json, Catch::Contains("\"" + expected + "\""));
        Job back;
        REQUIRE(read(*codec, json, back) == "");
        CHECK(back.marks == job.marks);
      }
    }
  }
  job.marks = {{std::string(13, 'x') + "\xff", true}};
  std::string out;
  CHECK(!codec->encode(penstock::describe(job), out));
}

TEST_CASE("json: long texts and many members are read as short ones are") {
  auto codec = open_codec("json");
  Job job, back;
  job.marks = {{std::string(5000, 'y') + "\xc3\xa9\n", true}};
  REQUIRE(read(*codec, written(*codec, job), back) == "");
  CHECK(back.marks == job.marks);
  std::string many = "{";
  for (int i = 0; i < 20; ++i) many += "\"k" + std::to_string(i) + "\":1,";
  CHECK(error_of(many + R"("end":1})") == "");
  CHECK(error_of(many + R"("k7":1})") == R"(payload: the key "k7" stands twice)");
}
