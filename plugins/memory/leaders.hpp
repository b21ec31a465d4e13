// Who leads, by name. Pure data; `now` is given, of a clock that never jumps.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include <penstock/plugin/leadership.hpp>

#include "../shared/leadership_checks.hpp"

namespace penstock::memory {

class Leaders {
 public:
  Result<Term> campaign(std::string_view name, std::string_view candidate, Millis ttl, Millis now) {
    if (auto e = shared::wrong_leadership(name, candidate, ttl)) return *e;
    Seat& seat = seats_[std::string(name)];
    if (seat.until <= now) {
      seat.leader = candidate;
      ++seat.term;
    }
    if (seat.leader == candidate) seat.until = after(now, ttl);
    return told(seat, now);
  }
  Result<bool> renew(std::string_view name, std::uint64_t term, Millis ttl, Millis now) {
    if (auto e = shared::wrong_leadership(name, "-", ttl)) return *e;
    Seat* seat = current(name, term, now);
    if (seat) seat->until = after(now, ttl);
    return seat != nullptr;
  }
  Result<bool> resign(std::string_view name, std::uint64_t term, Millis now) {
    if (auto e = shared::wrong_leadership(name, "-", Millis(1))) return *e;
    Seat* seat = current(name, term, now);
    if (seat) seat->until = now;
    return seat != nullptr;
  }
  Result<Term> term(std::string_view name, Millis now) const {
    if (auto e = shared::wrong_leadership(name, "-", Millis(1))) return *e;
    const auto at = seats_.find(name);
    return at == seats_.end() ? Term{} : told(at->second, now);
  }

 private:
  struct Seat {
    std::uint64_t term = 0;
    std::string leader;
    Millis until = Millis::min();
  };

  static Millis after(Millis now, Millis ttl) { return now + std::min<Millis>(ttl, std::chrono::years(1000)); }
  static Term told(const Seat& seat, Millis now) {
    if (seat.until <= now) return {.number = seat.term};
    return {seat.term, seat.leader, seat.until - now};
  }
  Seat* current(std::string_view name, std::uint64_t term, Millis now) {
    const auto at = seats_.find(name);
    return at != seats_.end() && at->second.term == term && at->second.until > now ? &at->second : nullptr;
  }

  std::map<std::string, Seat, std::less<>> seats_;
};

}  // namespace penstock::memory
