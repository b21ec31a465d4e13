// The areas of the contract, one source file each under promises/.
#pragma once

#include <span>

#include <penstock/conformance/backend.hpp>
#include <penstock/plugin/leadership.hpp>

namespace penstock::conformance::areas {

// What a promise may need, as Promise::capability has it.
inline constexpr const char* kWaiterCap = Waiter::kId.data();
inline constexpr const char* kRegistryCap = Registry::kId.data();
inline constexpr const char* kGatesCap = Gates::kId.data();
inline constexpr const char* kBrowserCap = Browser::kId.data();
inline constexpr const char* kDiagnosisCap = Diagnosis::kId.data();
inline constexpr const char* kAuditCap = Audit::kId.data();
inline constexpr const char* kLeadershipCap = Leadership::kId.data();

inline constexpr State kEnds[] = {State::succeeded, State::dead, State::cancelled};

using Promises = std::span<const Promise>;
Promises properties();
Promises batches();
Promises enqueue();
Promises bodies();
Promises claim();
Promises order();
Promises lapse();
Promises settle();
Promises answers();
Promises charges();
Promises extend();
Promises cancel();
Promises get();
Promises counts();
Promises trim();
Promises features();
Promises unique();
Promises fair();
Promises gates();
Promises slots();
Promises rates();
Promises holding();
Promises registry();
Promises waiter();
Promises browser();
Promises moves();
Promises time();
Promises lifecycle();
Promises reopen();
Promises leadership();
Promises concurrency();
Promises museum();

}  // namespace penstock::conformance::areas
