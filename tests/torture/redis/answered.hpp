// What was sent to servers, and what they have answered `ok`, where none of them can forget it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "torture/progress.hpp"
#include "torture/verdict.hpp"

namespace penstock::torture {

// Thread: any, unless said otherwise. Whatever finds a broken promise throws Violation.
class Answered {
 public:
  // Numbers of new tasks for that queue, which are about to be sent.
  std::vector<int> send(std::size_t count, const std::string& queue);

  void accepted(std::span<const int> tasks);
  void claimed(std::span<const Leased>);
  void settled(const Leased&, Item);

  std::uint64_t sent() const { return sent_; }
  std::uint64_t waiting() const { return accepted_ - ends_.count(); }  // accepted, and not ended yet
  const Progress& ends() const { return ends_; }
  bool all_ended() const { return accepted_ == sent_ && ends_.count() == sent_; }

  // The store has all that was answered before this call. Returns what it has of all that was sent.
  std::set<int> check(DurableBackend&) const;

 private:
  struct Task {
    std::string queue;
    bool accepted = false;
    Epoch claimed = 0, ended = 0;  // the last ones that were answered
  };
  std::vector<Task> now() const;
  static bool holds(int number, const Task&, const std::optional<Record>&);

  mutable std::mutex mutex_;  // of what is below
  std::vector<Task> tasks_;   // number 1 is the first
  std::set<std::pair<std::string, Epoch>> epochs_;
  std::atomic<std::uint64_t> sent_{0}, accepted_{0};
  Progress ends_;
};

}  // namespace penstock::torture
