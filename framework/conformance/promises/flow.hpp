// Words for the promises about keys, gates, rates and holds.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/lab.hpp"

namespace penstock::conformance {

// Gates that tasks name. They outlive every check.
inline constexpr std::string_view kG[] = {"g"}, kH[] = {"h"}, kGH[] = {"g", "h"};
inline constexpr std::string_view kC1[] = {"c:1"}, kC2[] = {"c:2"};  // of class c

inline NewTask gated(Lab& lab, std::span<const std::string_view> gates, std::string_view fair = {}) {
  NewTask t = lab.task();
  t.gates = gates, t.fair = fair;
  return t;
}
inline NewTask of_key(Lab& lab, std::string_view fair) { return gated(lab, {}, fair); }

// So many tasks like this one, let in one after the other.
inline std::vector<TaskId> put_like(Lab& lab, const NewTask& like, std::size_t n, Here here = Here::now()) {
  std::vector<TaskId> made;
  for (std::size_t i = 0; i < n; ++i) {
    NewTask t = like;
    t.key.id = lab.id();
    made.push_back(lab.put(t, here).id);
  }
  return made;
}

inline void limit(Lab& lab, std::string_view gate, const Limit& l, Layer layer = Layer::declared,
                  std::string_view queue = "q", Here here = Here::now()) {
  must(lab.cap<Gates>(here).limit(queue, gate, layer, &l), "limit", here);
}
inline void running(Lab& lab, std::string_view gate, std::int64_t n, Here here = Here::now()) {
  limit(lab, gate, {.running = n}, Layer::declared, "q", here);
}
inline void no_limit(Lab& lab, std::string_view gate, Layer layer = Layer::declared, Here here = Here::now()) {
  must(lab.cap<Gates>(here).limit("q", gate, layer, nullptr), "a limit taken away", here);
}
inline void hold(Lab& lab, std::string_view gate, Millis at_most, std::string_view queue = "q",
                 Here here = Here::now()) {
  must(lab.cap<Gates>(here).hold(queue, gate, at_most), "hold", here);
}
inline std::optional<GateState> gate_state(Lab& lab, std::string_view gate, std::string_view queue = "q",
                                           Here here = Here::now()) {
  for (const GateState& s : must(lab.cap<Gates>(here).gates(queue), "gates", here))
    if (s.gate == gate && s.queue == queue) return s;
  return std::nullopt;
}

// A claim with all that its exchange answers. `ahead`: as Exchange::ahead.
inline Exchanged ask(Lab& lab, std::uint32_t limit, std::uint32_t ahead = 0, Here here = Here::now()) {
  const Share share{"q", limit};
  Exchange e;
  e.claim = std::span(&share, 1), e.limit = limit, e.ahead = ahead, e.lease = kLong;
  return lab.exchange(e, here);
}
inline std::size_t claimed(Lab& lab, std::uint32_t limit, Here here = Here::now()) {
  return lab.claim(limit, "q", kLong, 0, here).size();
}

// The highest number of holders at any instant, as those see it who take and give back: a slot is
// counted from after its claim to before its settlement.
class Occupancy {
 public:
  void in() {
    const int now = ++now_;
    for (int was = most_.load(); now > was && !most_.compare_exchange_weak(was, now);) {
    }
  }
  void out() { --now_; }
  int most() const { return most_; }

 private:
  std::atomic<int> now_{0}, most_{0};
};

}  // namespace penstock::conformance
