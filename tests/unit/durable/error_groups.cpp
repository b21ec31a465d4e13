// Failures in groups, bounded, and as a document that survives damage.
#include "durable/error_groups.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "base/fingerprint.hpp"
#include "unit/durable/damage.hpp"

using namespace penstock;
using namespace penstock::durable;

namespace {

Time at(int seconds) { return Time(std::chrono::seconds(1'700'000'000 + seconds)); }

// A word that no other number has, and that does not count as a number.
std::string word(int n) {
  std::string out = "w";
  for (; n > 0; n /= 20) out += static_cast<char>('g' + n % 20);
  return out;
}

void check_equal(const ErrorGroups& a, const ErrorGroups& b) {
  const auto left = a.last_first(), right = b.last_first();
  REQUIRE(left.size() == right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    REQUIRE(left[i].kind == right[i].kind);
    REQUIRE(left[i].fingerprint == right[i].fingerprint);
    REQUIRE(left[i].count == right[i].count);
    REQUIRE(left[i].first == right[i].first);
    REQUIRE(left[i].last == right[i].last);
    REQUIRE(left[i].sample == right[i].sample);
    REQUIRE(left[i].build == right[i].build);
  }
}

ErrorGroups some_groups() {
  ErrorGroups g;
  g.add("mail.send", "host \"a\" refused 17 times", "0123abcd", at(1));
  g.add("mail.send", "host \"b\" refused 4 times", "0123abcd", at(5));
  g.add("mail.send", "", "0123abcd", at(2));
  g.add("digest", "no\nsuch\x1b[1m file", "penstock-0.1.0", at(3));
  return g;
}

}  // namespace

TEST_CASE("messages that differ in numbers, ids and quoted values are one group") {
  const auto groups = some_groups().last_first();
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].kind == "mail.send");
  CHECK(groups[0].count == 2);
  CHECK(groups[0].first == at(1));
  CHECK(groups[0].last == at(5));
  CHECK(groups[0].fingerprint == base::fingerprint("mail.send", "host \"b\" refused 4 times"));
  CHECK(groups[0].sample == "host \"a\" refused 17 times");
  CHECK(groups[1].kind == "digest");
  CHECK(groups[2].sample.empty());
}

TEST_CASE("a sample is one line of at most 300 octets, whatever the message is") {
  ErrorGroups g;
  g.add("k", "no\nsuch\x1b[1m file", "b", at(0));
  CHECK(g.last_first()[0].sample == "no\\x0asuch\\x1b[1m file");
  std::mt19937 random(11);
  for (int round = 0; round < 2'000; ++round) {
    std::string message(random() % 1'000, '\0');
    for (char& c : message) c = static_cast<char>(random());
    ErrorGroups one;
    one.add("k", message, "b", at(0));
    const std::string sample = one.last_first()[0].sample;
    REQUIRE(sample.size() <= kMaxSample);
    REQUIRE(sample.find('\n') == std::string::npos);
    check_equal(*decode_errors(encode(one, SIZE_MAX)), one);
  }
}

TEST_CASE("of more than 100 groups the one seen longest ago goes") {
  ErrorGroups g;
  g.add("k", word(0), "b", at(0));
  for (int i = 1; i < 150; ++i) {
    g.add("k", word(i), "b", at(2 * i));
    g.add("k", word(0), "b", at(2 * i + 1));  // seen all the time
  }
  const auto groups = g.last_first();
  REQUIRE(groups.size() == kMaxGroups);
  CHECK(groups[0].sample == word(0));
  CHECK(groups[0].count == 150);
  CHECK(groups[1].sample == word(149));
  CHECK(groups[99].sample == word(51));
}

TEST_CASE("groups are bounded at any time, also when none is seen twice") {
  ErrorGroups g;
  for (int i = 0; i < 150; ++i) {
    g.add("k", word(i), "b", at(i));
    CHECK(g.last_first().size() == std::min<std::size_t>(i + 1, kMaxGroups));
  }
}

TEST_CASE("merging adds the counts, and the later one has the word") {
  ErrorGroups mine, theirs;
  mine.add("k", "a 1", "old", at(10));
  theirs.add("k", "a 2", "new", at(20));
  theirs.add("k", "a 3", "new", at(5));
  theirs.add("k", "b", "new", at(6));
  ErrorGroups both = mine, other = theirs;
  both.merge(theirs);
  other.merge(mine);
  check_equal(both, other);
  const auto groups = both.last_first();
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].count == 3);
  CHECK(groups[0].first == at(5));
  CHECK(groups[0].last == at(20));
  CHECK(groups[0].build == "new");
  CHECK(groups[0].sample == "a 2");
}

TEST_CASE("merging is bounded") {
  ErrorGroups early, late;
  for (int i = 0; i < 100; ++i) early.add("k", word(i), "b", at(i)), late.add("l", word(i), "b", at(1000 + i));
  late.merge(early);
  REQUIRE(late.last_first().size() == kMaxGroups);
  for (const ErrorGroup& g : late.last_first()) CHECK(g.kind == "l");
}

TEST_CASE("what a document says is read back") {
  check_equal(*decode_errors(encode(some_groups(), SIZE_MAX)), some_groups());
  check_equal(*decode_errors(encode({}, SIZE_MAX)), {});
  const std::string text = encode(some_groups(), SIZE_MAX);
  CHECK_THAT(text, Catch::StartsWith("penstock.errors 1 "));
  CHECK_THAT(text, Catch::Contains(" 2 1700000001000 1700000005000 0123abcd mail.send host \"a\" refused 17 times\n"));
}

TEST_CASE("a document that must be short keeps what was seen last") {
  const std::string whole = encode(some_groups(), SIZE_MAX);
  for (std::size_t limit = 60; limit < whole.size(); ++limit) {
    const std::string text = encode(some_groups(), limit);
    REQUIRE(text.size() <= limit);
    const auto groups = decode_errors(text)->last_first();
    if (!groups.empty()) REQUIRE(groups[0].last == at(5));
  }
  CHECK(encode(some_groups(), whole.size()) == whole);
}

TEST_CASE("every cut and every turned bit of a document is seen") {
  each_damaged(encode(some_groups(), SIZE_MAX), [](const std::string& text) { REQUIRE_FALSE(decode_errors(text)); });
  CHECK_FALSE(decode_errors("nonsense\n"));
}

TEST_CASE("a document with a right hash and wrong lines is refused") {
  auto document = [](const std::string& lines) {
    char head[40];
    std::snprintf(head, sizeof head, "penstock.errors 1 %016llx\n", static_cast<unsigned long long>(base::hash(lines)));
    return head + lines;
  };
  CHECK(decode_errors(document("ff 1 2 3 b k some text\n")));
  for (const char* line : {"", "ff", "ff 1 2 3 b k", "xx 1 2 3 b k s\n", "ff -1 2 3 b k s\n", "ff 1 2 3  k s\n\n",
                           "ff 1 2 3 b k/l s\n", "ff 1 2 99999999999999999999 b k s\n", "ff 1 2 3 b k s"}) {
    CAPTURE(line);
    if (*line) CHECK_FALSE(decode_errors(document(line)));
  }
  CHECK_FALSE(decode_errors(document("ff 1 2 3 b k " + std::string(301, 's') + "\n")));
}

TEST_CASE("a document of a later version is told from a damaged one") {
  CHECK(decode_errors("penstock.errors 2 anything\n").error().code == Errc::unsupported);
  CHECK(decode_errors("penstock.errors 0 anything\n").error().code == Errc::invalid);
  CHECK(decode_errors("penstock.errors x anything\n").error().code == Errc::invalid);
}

TEST_CASE("the log gives queues out in turns, and takes back what could not be written") {
  FailureLog log("b");
  for (const char* queue : {"a", "b", "c", "d", "e"}) log.add(queue, "k", "m", at(0));
  auto names = [](const auto& taken) {
    std::string out;
    for (const auto& [queue, groups] : taken) out += queue;
    return out;
  };
  auto first = log.take(2);
  CHECK(names(first) == "ab");
  log.give_back("a", first.at("a"));
  log.add("a", "k", "m", at(1));
  CHECK(names(log.take(2)) == "cd");
  auto last = log.take(SIZE_MAX);
  CHECK(names(last) == "ae");
  CHECK(last.at("a").last_first()[0].count == 2);
  CHECK(log.take(SIZE_MAX).empty());
}

TEST_CASE("the log is bounded in queues") {
  FailureLog log("b");
  for (int i = 0; i < 600; ++i) log.add("q" + std::to_string(i), "k", "m", at(0));
  CHECK(log.take(SIZE_MAX).size() == kMaxFailing);
}
