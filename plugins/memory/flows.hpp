// The ready tasks of one queue, in flows, and the gates they pass: which may be claimed next.
//
// The algorithm. A flow with ready tasks stands in one line: the open one, or that of the first of its
// gates which has no room for it. A gate lets no more flows into the open line than it has room for: it
// counts those with a *ticket*, which entered as the best of their key or were let out of its own line. When
// their key is served by another flow they give the ticket up, and others are let out. A claim that meets a
// flow for which there is no room after all (a limit was lowered, it had no ticket) sends it to that gate.
// A key that comes into the open line late gets the place it would have had: that of the time at which it
// was served last, its gates opened, or its flow began to wait, whichever came last. Hence no key is served
// twice while another one has a task that could be claimed.
// A queue without keys and gates has the plain flow only, and no lines.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "gate.hpp"
#include "line.hpp"
#include "pool.hpp"

namespace penstock::memory {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>()(s); }
};
template <class T>
using ByName = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

class Flows {
 public:
  explicit Flows(Pool& pool) : pool_(pool) {}
  Flows(const Flows&) = delete;
  Flows& operator=(const Flows&) = delete;

  // ---- records come and go -----------------------------------------------------------------------------
  // The flow of a task like this. It stays while records are of it: to be followed by join().
  Flow& of(std::string_view fair, std::span<const std::string_view> gates, const Now&);
  void join(Flow& flow) noexcept { ++flow.users; }
  void part(Flow& flow, const Now&) noexcept;

  // ---- tasks move ----------------------------------------------------------------------------------------
  void push(std::uint32_t slot);              // before ready(); it may throw, and is then as if not called
  void ready(Task&, const Now&) noexcept;     // it may be claimed from now on
  void unready(Task&, const Now&) noexcept;   // it is ready no more, for another reason than a claim
  void claimed(Task&, const Now&) noexcept;   // it takes its slots and tokens; served() follows
  void returned(Task&, const Now&) noexcept;  // its slots are free again
  void refund(Task&) noexcept;                // its tokens go back; before returned()
  bool blocked(const Task& t) const noexcept { return t.flow->line && t.flow->line != &open_; }

  // ---- claims ----------------------------------------------------------------------------------------------
  void refresh(const Now&) noexcept;  // looks at the gates that are due
  // The flow that may give its `count` best tasks now, `most` at the most; none: count is 0. `ahead`: as
  // Exchange::ahead has it; `stopped` says that this was the reason.
  struct Choice {
    Flow* flow = nullptr;
    std::uint64_t count = 0;
    bool stopped = false;
  };
  Choice choose(std::uint64_t most, bool ahead, const Now&) noexcept;
  void served(Flow&, const Now&) noexcept;  // after its tasks were claimed

  bool shut(const Now& now) const noexcept { return own_.held(now) || own_.limit.running == 0; }
  // When the queue is shut no more, by time alone; slots and tokens do not matter to what it has leased.
  std::optional<Millis> reopens() const noexcept {
    return own_.limit.running == 0 || own_.held_until == Millis::max() ? std::nullopt : std::optional(own_.held_until);
  }
  bool claimable(const Now&) const noexcept;
  std::optional<Millis> next_opening(const Now&) const noexcept;  // boot time at which more may be claimable

  // ---- limits ------------------------------------------------------------------------------------------------
  // resource_exhausted: too many names have something set.
  Result<void> limit(std::string_view gate, Layer, const Limit*, const Now&);
  Result<void> hold(std::string_view gate, Millis at_most, const Now&);
  void list(const std::string& queue, std::vector<GateState>& out, const Now&) const;

 private:
  Gate& gate(std::string_view name);
  void adopt(Gate&, const Now&) noexcept;  // the settings that hold for it
  GateSetting* setting(std::string_view name);
  Result<void> changed(std::string_view name, const Now&);
  void drop_if_unused(Gate&, const Now&) noexcept;

  void leave_plain(const Now&) noexcept;
  void enter(Flow&, const Gate* out_of, const Now&) noexcept;
  void wait(Flow&, Gate&, const Now&) noexcept;
  std::uint64_t place(const Flow&) const noexcept;
  void stand(Flow&, std::uint64_t place, bool ticket) noexcept;
  void pass_over(const Key&, const Now&) noexcept;
  void give_up(Flow&) noexcept;
  void leave(Flow&) noexcept;
  void park(Flow&, Gate&, const Now&) noexcept;
  bool regate(Gate&, const Now&) noexcept;  // whether it let somebody through
  void regate_all(const Flow&, const Now&) noexcept;
  Flow& next_out(Gate&) noexcept;
  void left(const Flow&, std::uint64_t place, const Now&) noexcept;
  void call_back(Key&, std::uint64_t place, const Now&) noexcept;
  void restore(const Flow&) noexcept;
  void open(Gate&, std::uint64_t since) noexcept;
  static std::optional<Millis> look_at(const Gate&, const Now&) noexcept;
  void schedule(Gate&, std::optional<Millis> at) noexcept;
  std::optional<Place> head(Flow&) noexcept;

  Pool& pool_;
  Flow plain_;
  Key no_key_;
  Gate own_;
  Line open_;
  bool lines_ = false;  // there is, or was, another flow than the plain one
  ByName<std::unique_ptr<Flow>> flows_;
  ByName<Key> keys_;
  ByName<Gate> gates_;
  std::map<std::string, GateSetting, std::less<>> settings_;
  std::set<std::pair<Millis, Gate*>> due_, idle_;      // when to look at a gate that is waited at, that nobody names
  std::set<std::pair<std::uint64_t, Gate*>> open_at_;  // those with room at which somebody waits, by Gate::opened
  std::uint64_t turns_ = 0;                            // places given so far
  bool strays_ = false;                                // some flow or timer found no memory to stand in line
};

}  // namespace penstock::memory
