// The capabilities of a backend that this version knows.
#pragma once

#include <string_view>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/leadership.hpp>
#include <penstock/plugin/meter.hpp>

namespace penstock::conformance {

inline constexpr std::string_view kBackendCapabilities[] = {Waiter::kId, Registry::kId,  Gates::kId, Browser::kId,
                                                            Meter::kId,  Diagnosis::kId, Audit::kId, Leadership::kId};

}  // namespace penstock::conformance
