// What many clients of one store did and were told, and whether any one store can have told them that.
//
// A history is judged by what was answered only, by what was surely before what (a call that returned before another
// was made), and by the stores' clock, which only the clients move. What had no answer may have happened or not.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock::torture {

// One item of one call. `made` and `answered` are moments of one clock that all clients share.
struct Act {
  enum class What : std::uint8_t { enqueue, claim, settle, extend } what = What::enqueue;
  enum class Told : std::uint8_t { yes, no, nothing } told = Told::yes;  // nothing: it may have happened
  std::uint64_t made = 0, answered = 0;
  Millis earliest{}, latest{};  // the stores' clock meanwhile: at least, at most
  std::uint32_t client = 0;
  int task = 0;                 // none of an extension, nor of a claim that was told nothing
  std::uint32_t queue = 0;      // claim, extend
  Epoch epoch = 0;              // claim, settle, extend
  State to = State::succeeded;  // settle
  bool lapsed = false;          // claim
};

struct History {
  std::vector<Act> acts;
  std::map<int, State> left;  // each task that is there when all is done
  Millis lease{};             // of every claim and extension; 0: time is not judged
  Millis ahead{};             // how far the store's clock may have run ahead of the one that the acts were noted by
};

struct Anomaly {
  // lost, stuck, unexpected, duplicated, two holders, epochs fall, stale, early, another end, refused
  std::string rule;
  int task = 0;
  std::string what;
};

// All that is wrong with it, at most one anomaly of each rule for each task.
std::vector<Anomaly> judge(const History&);

}  // namespace penstock::torture
