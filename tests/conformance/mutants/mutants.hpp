// Hand-made faults: a backend that works, but for one thing. The kit has to notice each.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock::conformance {

struct Faults;

struct Mutant {
  const char* fault;  // what is wrong with it
  void (*bend)(Faults&);
};

std::span<const Mutant> plain_mutants();
std::span<const Mutant> flow_mutants();  // of unique keys, turns and gates
std::vector<Mutant> mutants();           // all of them
std::unique_ptr<DurableBackend> mutate(const Mutant&, std::unique_ptr<DurableBackend> sound);

}  // namespace penstock::conformance
