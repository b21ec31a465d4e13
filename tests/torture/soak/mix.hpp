// The mixed load: what each task is, does, and has to end as. All of it follows from its number.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <penstock/penstock.hpp>

namespace penstock::torture {

enum class Sort : std::uint8_t {
  plain,
  prior,    // of a priority of its own
  delayed,  // due in a while
  dated,    // due at a date
  unique,   // one of a key at a time: others are refused
  fair,     // keys take turns
  gated,    // a few of a key at a time
  failing,  // the first attempt throws
  snoozing,
  dead,       // fails for good
  discarded,  // says that it is not worth while
  cancelled,  // by its producer, before or while it runs
  parent,     // has a child that exists if it succeeds
  leader,     // enqueues another task from inside its handler
  kept,       // has a result that is readable for a while
  slow,       // holds a worker for some milliseconds
};
inline constexpr unsigned kSorts = 16;

inline Sort sort_of(int number) { return static_cast<Sort>(static_cast<unsigned>(number) * 2'654'435'769u >> 28); }

inline constexpr std::string_view kSoakQueues[] = {"alpha", "beta", "gamma"};

inline constexpr Policy kWork{.kind = "work", .retries = 1'000, .backoff = Millis(10), .backoff_cap = Millis(100)};
inline constexpr Policy kChild{.kind = "child", .retries = 1'000, .backoff = Millis(10), .backoff_cap = Millis(100)};
inline constexpr Policy kFollower{.kind = "follower", .retries = 1'000};
inline constexpr int kFollowerIds = 1 << 30;  // a follower's id is its leader's number and this

// How some tasks of one sort are enqueued into a queue.
struct Order {
  Sort sort = Sort::plain;
  std::vector<int> numbers;
  EnqueueOptions options;
  Millis due{};  // from now, about
};
Order order_of(std::vector<int> numbers, std::string_view queue);
Draft draft_of(int number);  // with the keys of its sort
bool may_end_as(Sort, Status);

// Where a store is, in words that pass to another process.
struct StorePlace {
  std::string backend;
  std::map<std::string, std::string> settings;

  std::vector<std::string> words() const;
  static StorePlace of(std::span<char* const> words);
};

// Of a producer; a worker adds to it. Its stores forget soon, and keep little.
penstock::Options soak_options(const StorePlace&);

}  // namespace penstock::torture
