// What the conformance kit says of a plugin: a verdict for each promise, with the place where it was broken.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace penstock::conformance {

enum class Verdict {
  kept,
  broken,
  unsupported,  // neither: the plugin does not claim it, or the scene cannot be set
};

struct Outcome {
  std::string name{};  // of the promise
  std::string text{};  // the promise in one sentence
  Verdict verdict = Verdict::kept;
  std::string detail{};  // broken: place, what was expected and what was seen; unsupported: what is missing
  double seconds = 0;
};

struct Report {
  std::vector<Outcome> outcomes;
  std::size_t count(Verdict) const;
  std::vector<Outcome> broken() const;
};

// "broken settle.note_replaces_the_last_one: the note: expected "b", seen "a" (settle.cpp:40)"
std::string line(const Outcome&);

}  // namespace penstock::conformance
