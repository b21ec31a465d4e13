// Capability of backends: one leader at a time, with a number to fence by.
//
// A *term* is the time in which one candidate leads one name. It ends when its time to live has passed since it was
// last renewed, by the store's clock of leases, or when it is resigned. Terms have numbers that only rise: whoever
// leads later has the higher number, whatever has lapsed, was restarted or was lost in between.
//
// A leader can be late: it may believe in its term after that has lapsed and another one leads. Time decides who may
// try, never whose work counts. So whatever a leader changes elsewhere carries the number of its term, and is
// refused there once a higher number has been seen; what changes nothing elsewhere needs no leader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <penstock/plugin/result.hpp>
#include <penstock/plugin/time.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

struct Term {
  std::uint64_t number = 0;  // 0: the name never had a leader
  std::string leader{};      // empty: nobody leads; `number` is that of the last term
  Millis left{};             // until it lapses, unless it is renewed; 0: nobody leads
};

// Names match [A-Za-z0-9._-]{1,128}; candidates are 1 to 255 octets, of which no two running processes have the same.
// A store remembers each name for ever: use few. Thread: any, many at once; calls block.
// Errc::invalid: a bad name or candidate, a time to live below 1 ms. Then, and after any other error but
// unknown_outcome, nothing has changed; each call may be sent again.
struct PENSTOCK_API Leadership {
  static constexpr std::string_view kId = "penstock.backend.leadership/1";
  // Begins a new term if nobody leads, and renews that of the candidate if it leads. Answers the term there is then:
  // the candidate leads if it is the `leader` of that, and else may try again when `left` has passed.
  virtual Result<Term> campaign(std::string_view name, std::string_view candidate, Millis ttl) noexcept = 0;
  // True: the term is the current one and has not lapsed; its time to live counts from now. False: it is over, and
  // nothing has changed. A term that is over never comes back.
  virtual Result<bool> renew(std::string_view name, std::uint64_t term, Millis ttl) noexcept = 0;
  // Ends the term. True: it was the current one, and had not lapsed.
  virtual Result<bool> resign(std::string_view name, std::uint64_t term) noexcept = 0;
  // The current term, without trying for one.
  virtual Result<Term> term(std::string_view name) noexcept = 0;

 protected:
  ~Leadership() = default;
};

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
