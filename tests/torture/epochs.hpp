// The epochs under which a task has started, in memory that outlives killed workers: no two starts share one.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace penstock::torture {

class Epochs {
 public:
  // False: it was there before. More than are kept pass for new ones.
  bool add(std::uint64_t epoch) {
    for (auto& slot : slots_) {
      std::uint64_t there = 0;
      if (slot.compare_exchange_strong(there, epoch)) return true;
      if (there == epoch) return false;
    }
    return true;
  }
  void clear() {
    for (auto& slot : slots_) slot = 0;
  }

 private:
  std::array<std::atomic<std::uint64_t>, 8> slots_;
};

}  // namespace penstock::torture
