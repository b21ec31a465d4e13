// What a torture test found: faults injected, and the harm they did.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include <penstock/plugin/backend.hpp>

namespace penstock::torture {

// lost: answered, but not there. duplicate: two settlements were accepted, or one that was not due.
// stuck: no progress without a fault. corrupt: what is there is not what was put in.
enum class Harm { lost, duplicate, stuck, corrupt };

// A promise was broken.
struct Violation : std::runtime_error {
  Violation(Harm h, const std::string& what) : runtime_error(what), harm(h) {}
  Harm harm;
};

// What the store itself finds wrong with all that it holds. One that cannot be reached is asked again.
inline void check_audit(DurableBackend& store) {
  auto* audit = query<Audit>(store);
  if (!audit) return;
  auto seen = audit->audit(1);
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
       !seen && seen.error().retryable && std::chrono::steady_clock::now() < end;)
    seen = audit->audit(1);
  if (!seen) throw Violation(Harm::stuck, "audit: " + seen.error().message);
  if (seen->broken == 0) return;
  const auto& first = seen->violations.at(0);
  throw Violation(Harm::corrupt, "the audit finds " + std::to_string(seen->broken) + " violations, first of " +
                                     first.rule + ", " + first.where + ": " + first.what);
}

class Verdict {
 public:
  // `sort`: of the faults, as one word in the plural: "kills".
  explicit Verdict(std::string sort) : sort_(std::move(sort)) {}

  std::uint64_t faults = 0;                   // injected so far
  std::map<std::string, std::uint64_t> also;  // other sorts of them, and what else is worth a count

  void add(Harm harm, std::uint64_t n = 1) { harm_[static_cast<std::size_t>(harm)] += n; }
  std::uint64_t count(Harm harm) const { return harm_[static_cast<std::size_t>(harm)]; }
  // Says what is wrong, and how to see it again.
  // What is thrown for another reason (a server that does not start, a store that does not open) has kept the test from
  // its end: it is stuck.
  void add(const std::exception& e, const std::string& again) {
    const auto* violation = dynamic_cast<const Violation*>(&e);
    add(violation ? violation->harm : Harm::stuck);
    std::cout << "VIOLATION: " << e.what() << "\n  again: " << again << std::endl;
  }
  bool harmless() const { return harm_ == decltype(harm_){}; }
  // Prints `WHAT: 0 lost, ...`, and the same for `./dev torture`, which sums it over all programs:
  // `tally: kills=N lost=N duplicate_acks=N stuck=N corrupt=N`. A test that has injected nothing has shown
  // nothing: it fails.
  bool report(const std::string& what) const {
    std::cout << what << ": " << count(Harm::lost) << " lost, " << count(Harm::duplicate) << " duplicate acks, "
              << count(Harm::stuck) << " stuck, " << count(Harm::corrupt) << " corrupt"
              << (faults == 0 ? "; NO FAULT WAS INJECTED" : "") << "\ntally: " << sort_ << "=" << faults;
    for (const auto& [sort, times] : also) std::cout << " " << sort << "=" << times;
    std::cout << " lost=" << count(Harm::lost) << " duplicate_acks=" << count(Harm::duplicate)
              << " stuck=" << count(Harm::stuck) << " corrupt=" << count(Harm::corrupt) << std::endl;
    return harmless() && faults > 0;
  }

 private:
  const std::string sort_;
  std::array<std::uint64_t, 4> harm_{};
};

}  // namespace penstock::torture
