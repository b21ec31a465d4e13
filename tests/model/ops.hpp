// One step of a test sequence, as plain data: made by the generator, dropped and simplified by the
// shrinker, written into the table of regressions, and given a meaning by the player.
//
// Tasks, leases and batches are named by how far back they came into being, modulo what there is, so
// that a sequence still means something when some of its steps are gone.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "model/prng.hpp"

namespace penstock::model {

enum class Verb : std::uint8_t {
  enqueue,
  exchange,
  cancel,
  trim,
  put,
  list,
  move,
  limit,
  hold,
  advance,  // both clocks, by `time`
  jump,     // the wall clock, by `time`
  reopen,
};
inline constexpr int kVerbs = 12;

enum class Fence : std::uint8_t { handed, current, older, zero, unknown };  // which epoch a settlement names
enum class Odd : std::uint8_t {
  none,
  bad_queue,
  bad_kind,
  zero_weight,
  negative_delay,
  big,
  feature,
  many,
  long_key,
  long_fair,
  long_gate,
  empty_gate,
  same_gate,  // twice
  nine_gates,
  negative_time,  // unique_for
};
inline constexpr int kOdds = 15;  // with `none`

// A task to enqueue, or a child.
struct Job {
  int queue = 0;    // a child is of its parent's queue; kOther: of another one
  int reuse = 0;    // 0: a new id, else the id sent `reuse` tasks ago
  int content = 0;  // body and kind
  int priority = 0;
  int weight = 1;
  int due = 0;  // ms from now by the wall clock, used when `dated`
  int delay = 0;
  int limit = 0;
  bool dated = false;
  int fair = 0;    // 0: no key
  int gates = 0;   // one bit each
  int unique = 0;  // 0: no key
  int time = 0;    // unique_for
  bool waiting = false, replace = false;
  Odd odd = Odd::none;
  friend bool operator==(const Job&, const Job&) = default;
};
inline constexpr int kOther = 99;

struct Target {
  int back = 0;           // 0: the last one handed out (or, unless `leased`, sent)
  bool leased = true;     // counted among the leases handed out, else among the ids sent
  bool stranger = false;  // an id nobody has sent
  bool bad_queue = false;
  friend bool operator==(const Target&, const Target&) = default;
};

struct Say {
  Target of;
  Fence fence = Fence::handed;
  int to = 4;  // a State
  int charge = 0;
  int delay = 0;
  int keep = 0;  // ms; negative: for ever
  int note = 0;
  bool big_note = false, unstarted = false;
  std::vector<Job> children;
  friend bool operator==(const Say&, const Say&) = default;
};

struct Part {
  int queue = 0, quota = 0;
  friend bool operator==(const Part&, const Part&) = default;
};

struct Op {
  Verb verb = Verb::advance;
  std::vector<Job> jobs;                 // enqueue
  std::vector<Say> settle;               // exchange
  std::vector<int> extend;               // exchange: batches, counted back; negative: one that never was
  std::vector<Part> claim;               // exchange
  std::vector<Target> targets;           // cancel, move
  int queue = 0;                         // trim, list, limit, hold; kOther: "*"
  int state = 4, to = 0;                 // trim, list, move: a State
  int limit = 0, begin = 0, lease = 0;   // exchange; limit also: at_most of trim and list
  int ahead = 0;                         // exchange
  int time = 0;                          // advance, jump; move: delay; list: offset of `from`; hold (kForever)
  int age = -1, count = -1, bytes = -1;  // trim, list (`age`: length of the span); -1: no bound
  int document = -1, revision = 0;       // put, enqueue: -1: no guard; revision: steps behind, kOther: ahead
  int gate = 0;  // limit, hold: 0: the queue's own; one behind the last: the class; kOther: too long
  int running = -1, rate = 0, burst = 1;    // limit; rate: tokens a second, kNoNumber
  bool by_operator = false, clear = false;  // limit
  friend bool operator==(const Op&, const Op&) = default;
};
inline constexpr int kGateNames = 4;  // that tasks name
inline constexpr int kForever = -2, kNoNumber = -2;
using Sequence = std::vector<Op>;

// A sequence of `ops` steps, the same for the same seed on every compiler.
Sequence generate(std::uint64_t seed, std::size_t ops);
Sequence generate(std::string_view octets, std::size_t at_most);  // as these octets choose
Sequence generate_flow(std::uint64_t seed, std::size_t ops);      // one of enqueues, claims and gates only

// As an initialiser in C++, to be pasted into the table of regressions.
std::string literal(const Op&);

}  // namespace penstock::model
