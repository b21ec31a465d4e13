// Every operation of the backend, on a store where each has something to do: for the sweeps that put a
// fault at every step of each.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "torture/tasks.hpp"

namespace penstock::torture {

// A store with tasks in every state, and what its holders know.
struct Base {
  std::array<Epoch, kQueues.size()> held{};    // batches of tasks 1 to 120
  std::array<Epoch, kQueues.size()> lapsed{};  // of tasks 181 to 190
  Millis clock{};                              // how far the store's clock has moved meanwhile
};
Base make_base(const std::string& folder);  // an empty folder

struct Operation {
  const char* name;
  Millis later;                                                          // how long after the base was made
  std::function<Result<std::string>(DurableBackend&, const Base&)> run;  // the answer, as text
  bool grows = false;  // puts something in: refused first when the disk is full
};
const std::vector<Operation>& operations();

Result<std::vector<Admission>> enqueue_some(DurableBackend&, int first, int last);

// Whether a full disk must not keep it from being done.
inline bool frees(const Operation& o) { return !o.grows; }

}  // namespace penstock::torture
