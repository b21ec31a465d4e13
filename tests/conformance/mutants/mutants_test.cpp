// The kit can fail: every hand-made fault breaks at least one promise.
#include "conformance/mutants/mutants.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "conformance/harnesses.hpp"
#include "conformance/lab.hpp"
#include "conformance/mutants/faulty.hpp"

using namespace penstock;
using namespace penstock::conformance;

namespace {

Harness hurried() {
  Harness h = harness_for("memory");
  h.patience = Millis(200);  // a lost ring is waited for
  h.repeat = 2;
  h.rounds = 5;
  return h;
}

// What the sound backend breaks proves nothing.
const std::set<std::string>& broken_anyway() {
  static const std::set<std::string> all = [] {
    std::set<std::string> out;
    for (const Outcome& o : run(hurried()).broken()) out.insert(o.name);
    return out;
  }();
  return all;
}

// The first broken promise, or null.
const Promise* caught(const Harness& h) {
  for (const Promise& p : promises())
    if (!broken_anyway().count(p.name) && run(p, h).verdict == Verdict::broken) return &p;
  return nullptr;
}

}  // namespace

TEST_CASE("a sound backend behind the decorator breaks nothing that it kept before") {
  Harness h = hurried();
  const auto open = h.open;
  const std::size_t before = run(h).count(Verdict::broken);
  const Mutant sound{"none", [](Faults&) {}};
  h.open = [&] { return mutate(sound, open()); };
  CHECK(run(h).count(Verdict::broken) == before);
}

TEST_CASE("every mutant is caught") {
  const std::size_t n = GENERATE(range(std::size_t{0}, mutants().size()));
  const Mutant mutant = mutants()[n];
  Harness h = hurried();
  const auto open = h.open;
  h.open = [&] { return mutate(mutant, open()); };
  const Promise* by = caught(h);
  INFO("a backend that " << mutant.fault);
  REQUIRE(by);
  WARN("a backend that " << mutant.fault << " is caught by " << by->name);
}

TEST_CASE("promise names are unique, and are an area, a dot and a claim") {
  std::set<std::string> seen;
  for (const Promise& p : promises()) {
    const std::string name = p.name, text = p.text;
    INFO(name);
    CHECK(seen.insert(name).second);
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.") == std::string::npos);
    CHECK(std::count(name.begin(), name.end(), '.') == 1);
    CHECK(text.back() == '.');
  }
  CHECK(promises().size() >= 480);
}

TEST_CASE("what a backend says of its durability is not believed to be there") {
  Harness h = hurried();
  const auto open = h.open;
  const Mutant none{"has no durability",
                    [](Faults& f) { f.properties = [](Properties& p) { p.durability = nullptr; }; }};
  h.open = [&] { return mutate(none, open()); };
  const Report report = run(h, "properties.");
  std::set<std::string> names;
  for (const Outcome& o : report.broken()) names.insert(o.name);
  CHECK(names == std::set<std::string>{"properties.durability_is_a_known_word", "properties.never_change"});
}

TEST_CASE("the lab keeps what a backend says of its durability when the object is gone") {
  static std::string word;
  struct Word {
    Word() { word = "memory"; }
    ~Word() { word = "gone"; }
  };
  const Mutant own{"owns the word", [](Faults& f) {
                     f.properties = [kept = std::make_shared<Word>()](Properties& p) { p.durability = word.c_str(); };
                   }};
  Harness h = hurried();
  const auto open = h.open;
  h.open = [&] { return mutate(own, open()); };
  const Promise closed{"lab.keeps_it", "It is a copy.", 0, nullptr, [](Lab& lab) {
                         lab.close();
                         same(std::string_view(lab.properties().durability), "memory", "the durability");
                       }};
  CHECK(line(run(closed, h)) == "kept lab.keeps_it");
}
