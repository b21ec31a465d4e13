// A process that enqueues and runs tasks through TaskManager, and what is seen of it from outside.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include <penstock/options.hpp>

#include "torture/complaint.hpp"

namespace penstock::torture {

enum class Moment : std::uint32_t {
  any,        // `at` microseconds after its start
  mid,        // in a handler, at the `at`-th start (row W1)
  after_ack,  // when the `at`-th end has been told to the hook, so after its commit (row W2)
  after_put,  // when the `at`-th enqueue has returned, and is not yet noted
  // Of a store behind a connection: at the `at`-th time that octets are sent, or have come.
  unsent,  // before they are sent
  torn,    // when half of them have been sent
  sent,    // when they have been sent, and no answer has been read (rows W2, W3, W4)
  unread,  // when octets have come, and nobody has looked at them: what they answer is done
};
inline constexpr const char* kMoments[] = {"at any moment", "in a handler",         "after an ack", "after an enqueue",
                                           "unsent",        "with half of it sent", "sent",         "unread"};

inline constexpr int kMostTasks = 1 << 17;

// By the task's number. A frozen clock makes it exact: no lease lapses but those of the dead.
struct Scene {
  std::array<char, 200> where{};  // the store, in the words of the program's own choose_store
  std::array<char, 40> which{};   // its level, or a prefix
  bool drain = false;             // enqueues nothing, and ends when nothing is left
  Moment moment = Moment::any;
  std::uint64_t at = 0, seed = 0;
  std::atomic<std::int64_t> clock;
  std::atomic<int> next, starts_in_all, acks_in_all, puts_in_all;
  std::atomic<std::uint32_t> wrong_payloads, lost;
  struct Task {
    std::atomic<std::uint8_t> queue, sent, accepted, starts, acks;
  };
  std::array<Task, kMostTasks> tasks;
  Complaint complaint;
};

// What differs by store.
struct VictimStore {
  void (*choose)(const Scene&, Options&);                     // sets the backend
  void (*arm)(Moment, std::uint64_t at) = [](auto, auto) {};  // sees to the moments that are not the manager's own
};
int be_manager_victim(const std::string& scene, const VictimStore&);

}  // namespace penstock::torture
