// How tasks of a kind are treated when their enqueue says nothing else, and who says so: for people who
// ask why a task is retried so often, or does not start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock {

enum class SaidBy : std::uint8_t {
  type,      // the policy beside the task type
  config,    // the config file, or the options of the program
  fallback,  // nobody: it is the built-in default
};
const char* name(SaidBy by) noexcept;  // "the type", "the config", "the default"

struct Explained {
  std::string name;   // as in Policy: "retries"
  std::string value;  // as it would stand in a config file, without quotes: "5", "250ms"
  SaidBy by = SaidBy::fallback;
  std::string place;  // where the config file says so: "penstock.toml:7"; empty when it is not that
};

struct Explanation {
  std::string kind;   // where an alias was asked for: the kind that it stands for
  std::string queue;  // of its tasks
  std::vector<Explained> settings;
  // What is set in the store for the queue and its gates, and for queue "*"; absent when the backend has no
  // gates.
  std::optional<std::vector<GateState>> limits;
};

}  // namespace penstock
