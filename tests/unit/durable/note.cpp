// What a record's note says: for people, so a damaged one is an empty one.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "durable/envelope.hpp"
#include "unit/durable/damage.hpp"

using namespace penstock;
using namespace penstock::durable;

namespace {

Note any_note(std::mt19937_64& random) {
  auto one_in = [&](unsigned n) { return random() % n == 0; };
  auto text = [&](unsigned at_most) {
    std::string t(random() % (at_most + 1), '\0');
    for (char& c : t) c = static_cast<char>(random());
    return t;
  };
  Note n;
  if (one_in(2)) n.error = text(100);
  if (one_in(2)) n.fingerprint = random();
  n.timed_out = one_in(3);
  if (one_in(2)) n.progress = static_cast<double>(random() % 1001) / 1000;
  if (one_in(2)) n.progress_text = text(40);
  n.has_result = one_in(2);
  if (n.has_result) {
    n.result = text(100);
    n.result_codec = text(10);
    for (auto k = random() % 9; k > 0; --k) n.result_transforms.push_back(text(5));
  }
  return n;
}

bool equal(const Note& a, const Note& b) {
  return a.error == b.error && a.fingerprint == b.fingerprint && a.timed_out == b.timed_out &&
         a.progress == b.progress && a.progress_text == b.progress_text && a.has_result == b.has_result &&
         a.result == b.result && a.result_codec == b.result_codec && a.result_transforms == b.result_transforms;
}

}  // namespace

TEST_CASE("whatever a note says is read back") {
  std::mt19937_64 random(20'240'302);
  for (int round = 0; round < 20'000; ++round) {
    const Note note = any_note(random);
    REQUIRE(equal(decode_note(encode(note)), note));
  }
}

TEST_CASE("a note without content is no octets at all") {
  CHECK(encode(Note{}).empty());
  CHECK(equal(decode_note(""), Note{}));
  Note empty_result;
  empty_result.has_result = true;
  CHECK(decode_note(encode(empty_result)).has_result);
}

TEST_CASE("an error is kept up to 8 KiB") {
  Note note;
  note.error.assign(100'000, 'e');
  CHECK(decode_note(encode(note)).error.size() == kMaxError);
}

TEST_CASE("every cut and every turned bit of a note is harmless") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 30; ++round) {
    each_damaged(encode(any_note(random)), [](const std::string& text) {
      Note note = decode_note(text);
      REQUIRE((note.result_transforms.size() <= kMaxTransforms && note.progress >= 0 && note.progress <= 1));
    });
  }
}

TEST_CASE("a progress that is no share is none") {
  for (double odd : {std::nan(""), -1.0, 2.0, std::numeric_limits<double>::infinity()}) {
    Note note;
    note.progress = odd;
    note.error = "kept";
    CHECK(decode_note(encode(note)).progress == 0);
    CHECK(decode_note(encode(note)).error == "kept");
  }
}
