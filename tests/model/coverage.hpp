// Which pairs of operation and answer a run produced, and which it should have.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "model/subject.hpp"

namespace penstock::model {

// Told of every rule of the contract that comes into play, in words.
using Observer = std::function<void(const std::string&)>;

class Coverage {
 public:
  void mark(const std::string& what) { ++seen_[what]; }
  // The pairs that sequences against this backend can reach, and did not.
  std::vector<std::string> missing(Subject&) const;
  void print(std::ostream&) const;

 private:
  std::map<std::string, std::uint64_t> seen_;
};

// Every pair of operation and answer that the contract has for a backend like this one.
std::vector<std::string> reachable(Subject&);

}  // namespace penstock::model
