#include "scripts.hpp"

#include <string>

#include "texts.hpp"

namespace penstock::redis {

Scripts::Scripts()
    : enqueue(std::string(text::kEnqueue)),
      exchange(std::string(text::kExchange)),
      cancel(std::string(text::kCancel)),
      get(std::string(text::kGet)),
      counts(std::string(text::kCounts)),
      trim(std::string(text::kTrim)),
      list(std::string(text::kList)),
      move(std::string(text::kMove)),
      gate(std::string(text::kGate)),
      gates(std::string(text::kGates)),
      all(std::string(text::kAll)),
      document(std::string(text::kDocument)),
      leader(std::string(text::kLeader)),
      rights(std::string(text::kRights)),
      audit(std::string(text::kAudit)) {}

}  // namespace penstock::redis
