// What waits in an outbox reads back as what was written; anything else is refused, never half taken.
#include "outbox/record.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <climits>
#include <random>
#include <string>

using namespace penstock;
using namespace penstock::outbox;

namespace {

NewTask sample() {
  NewTask t;
  for (unsigned char i = 0; i < 16; ++i) t.key.id.bytes[i] = static_cast<unsigned char>(i * 16 + 3);
  t.key.queue = "orders", t.kind = "order.confirm", t.body = std::string_view("a\0b\xff", 4);
  return t;
}

void check_same(const NewTask& a, const NewTask& b) {
  CHECK(a.key.id == b.key.id);
  CHECK(a.key.queue == b.key.queue);
  CHECK(a.kind == b.kind);
  CHECK(a.body == b.body);
  CHECK(a.priority == b.priority);
  CHECK(a.weight == b.weight);
  CHECK(a.due == b.due);
  CHECK(a.unique == b.unique);
  CHECK(a.unique_while == b.unique_while);
  CHECK(a.unique_for == b.unique_for);
  CHECK(a.replace == b.replace);
  CHECK(a.fair == b.fair);
  CHECK(std::ranges::equal(a.gates, b.gates));
  CHECK(std::ranges::equal(a.after, b.after,
                           [](const TaskKey& x, const TaskKey& y) { return x.queue == y.queue && x.id == y.id; }));
}

}  // namespace

TEST_CASE("a record reads back, at the limits too") {
  for (std::int32_t priority : {0, 1, -1, INT_MAX, INT_MIN}) {
    for (std::uint16_t weight : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{65535}}) {
      for (std::int64_t due :
           {std::int64_t{0}, std::int64_t{-5}, std::int64_t{1'700'000'000'000}, INT64_MAX, INT64_MIN}) {
        NewTask t = sample();
        t.priority = priority, t.weight = weight, t.due = Time(Millis(due));
        std::string text = encode(t);
        auto back = decode(text);
        REQUIRE(back);
        check_same(t, back->task);
      }
    }
  }
  NewTask empty = sample();
  empty.body = {};
  std::string text = encode(empty);
  check_same(empty, decode(text)->task);
  CHECK_FALSE(decode(text)->task.due);
}

TEST_CASE("what a task asks of the flow reads back") {
  NewTask t = sample();
  std::string_view gates[] = {"disk", "tenant.7"};
  TaskKey after[] = {{"orders", t.key.id}, {"other", {}}};
  t.unique = "u", t.fair = "tenant", t.gates = gates, t.after = after;
  t.unique_while = Unique::waiting, t.unique_for = Millis(5000), t.replace = true;
  std::string text = encode(t);
  auto back = decode(text);
  REQUIRE(back);
  CHECK_FALSE(back->keep_holder);
  CHECK(decode(encode(t, true))->keep_holder);
  Parcel moved = std::move(*back);
  check_same(t, moved.task);
}

TEST_CASE("a record that is cut anywhere, or of another version, is refused") {
  std::string whole = encode(sample());
  for (std::size_t n = 0; n < whole.size(); ++n) CHECK_FALSE(decode(std::string_view(whole).substr(0, n)));
  whole[0] = 2;
  CHECK_FALSE(decode(whole));
}

TEST_CASE("a field that this version does not know is refused: without it, it would be another task") {
  CHECK(decode(encode(sample()) + std::string("\x07\x01x", 3)));  // the body once more: the last one counts
  CHECK_FALSE(decode(encode(sample()) + std::string("\x63\x01x", 3)));
  CHECK_FALSE(decode(encode(sample()) + std::string("\x0b\x01x", 3)));     // half of an id
  CHECK_FALSE(decode(encode(sample()) + std::string("\x05\x01\x00", 3)));  // weight 0
}

TEST_CASE("flipped bits give a task or a refusal") {
  std::mt19937 random(5);
  std::string whole = encode(sample());
  for (int i = 0; i < 5000; ++i) {
    std::string text = whole;
    for (auto n = 1 + random() % 3; n > 0; --n) text[random() % text.size()] ^= static_cast<char>(1u << random() % 8);
    auto back = decode(text);
    if (back) CHECK(back->task.body.size() <= text.size());
  }
}
