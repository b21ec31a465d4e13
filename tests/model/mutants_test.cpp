// The model test, tested: it finds no fault where there is none, finds each of a list of small faults
// within a few sequences, and makes what it found short.
#include "model/mutants.hpp"

#include <catch2/catch.hpp>
#include <iostream>
#include <sstream>

#include "model/run.hpp"
#include "model/shrink.hpp"

using namespace penstock::model;

TEST_CASE("the model agrees with itself, and every answer it has comes up") {
  auto subject = make_mutant(Fault::none);
  Coverage coverage;
  auto found = search(*subject, {.sequences = 400, .ops = 200}, coverage);
  if (found) explain(std::cerr, "model", *subject, *found);
  REQUIRE(!found);
  for (const std::string& pair : coverage.missing(*subject)) FAIL_CHECK("never produced: " << pair);
}

TEST_CASE("every fault is found and made short") {
  for (int fault = 1; fault < kFaults; ++fault) {
    INFO("fault " << fault);
    auto subject = make_mutant(static_cast<Fault>(fault));
    Coverage coverage;
    auto found = search(*subject, {.sequences = 100, .ops = 200}, coverage);
    REQUIRE(found);
    std::ostringstream text;
    explain(text, "model", *subject, *found);
    INFO(text.str());
    CHECK(found->sequence.size() <= 12);
    CHECK(text.str().find("expected") != std::string::npos);
  }
}

TEST_CASE("a coverage that lacks an answer says so") {
  auto subject = make_mutant(Fault::none);
  Coverage none;
  CHECK(none.missing(*subject).size() == reachable(*subject).size());
}

TEST_CASE("the same seed is the same sequence, whatever the compiler") {
  CHECK(generate(1, 50) == generate(1, 50));
  CHECK(generate(1, 50) != generate(2, 50));
  std::string text;
  for (const Op& op : generate(7, 40)) text += literal(op);
  std::uint64_t hash = 14695981039346656037u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  CHECK(hash == 2216363273444843958u);
}

TEST_CASE("a shrunk sequence has nothing left that is not needed") {
  const auto cancels = [](const Sequence& s) {
    int n = 0;
    for (const Op& op : s) n += op.verb == Verb::cancel;
    return n >= 2;
  };
  Sequence small = shrink(generate(3, 200), cancels);
  REQUIRE(small.size() == 2);
  for (const Op& op : small) CHECK(literal(op) == "{.verb = Verb::cancel}");
}
