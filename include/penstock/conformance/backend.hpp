// The conformance kit of durable backends: the promises of penstock/plugin/backend.hpp, each with a
// name, a sentence and a check that runs against any backend.
//
//   penstock::conformance::Harness harness;
//   harness.open = [] { return open_my_store(); };
//   harness.wipe = [] { empty_my_store(); };
//   harness.advance = [](penstock::Millis by) { std::this_thread::sleep_for(by); };
//   auto report = penstock::conformance::run(harness);
//   for (const auto& o : report.broken()) puts(penstock::conformance::line(o).c_str());
//
// A promise is tied to the features and the capability that it needs. When the backend does not list
// them, or the harness cannot set the scene (no second process, no wall clock to turn), the verdict is
// `unsupported`, with the reason: it is neither kept nor broken. The kit depends on no test framework.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/conformance/report.hpp>
#include <penstock/plugin/backend.hpp>

namespace penstock::conformance {

class Lab;  // what a check works with; see framework/conformance/lab.hpp

struct Promise {
  const char* name;        // "settle.stale_epoch_changes_nothing": area, dot, claim; stable once published
  const char* text;        // the promise in one sentence
  std::uint32_t features;  // bits of Feature that must be listed; 0: every backend owes it
  const char* capability;  // id of the capability it is about; null: every backend owes it
  void (*check)(Lab&);
};

// All promises, by area, each name once.
std::span<const Promise> promises();

// How the kit reaches the backend under test. Only `open` and `advance` are required.
struct Harness {
  // A new object on the store; always the same store when `survives_reopen` or `shared` is set. The kit
  // destroys what it opened before it opens again, unless `shared` is set. May throw.
  std::function<std::unique_ptr<DurableBackend>()> open;
  // Empties the store; called while no object is open. Null: every `open` makes an empty store.
  std::function<void()> wipe;
  // Moves the store's clocks, or waits that long.
  std::function<void(Millis)> advance;
  // Sets the store's wall clock forward (or back), and no other clock. Null: cannot be done.
  std::function<void(Millis)> jump_wall;
  // The store's wall clock. Null: the system's.
  std::function<Time()> wall;

  bool shared = false;           // two objects may be open on the store at once
  bool survives_reopen = false;  // what was accepted is there for the next object
  int repeat = 10;               // how often a call that must be repeatable is repeated
  int threads = 4;               // how many threads press at once
  int rounds = 40;               // how often each of them does
  std::uint64_t seed = 1;        // of the ids and of everything else that is drawn

  // The unit of the kit's scenes: leases and delays are one to twenty of them. On a real clock, pick
  // one that is long against a call (200 ms); on a virtual clock anything at or above time_step.
  Millis tick{1000};
  Millis longest_advance = Millis::max();  // what `advance` may be asked for; more: unsupported
  Millis patience{10'000};                 // real time after which a wake-up counts as lost

  // What the plugin's descriptor lists; unset: not compared with what query() answers.
  std::optional<std::vector<std::string>> capabilities;
};

// Checks one promise on a fresh store. Does not throw: whatever a check throws is its verdict.
Outcome run(const Promise&, const Harness&);

// Checks all promises whose name starts with `prefix`.
Report run(const Harness&, std::string_view prefix = {});

}  // namespace penstock::conformance
