// What a promise's check works with: a fresh store, short words for its calls, and comparisons that
// say what was expected and what was seen. Every word that calls the store breaks the promise when the
// call answers an Error; use store() where an Error is what is wanted.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <penstock/conformance/backend.hpp>

#include "conformance/text.hpp"

namespace penstock::conformance {

// Where in a check something was looked at.
struct Here {
  const char* file;
  int line;
  static constexpr Here now(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
};

struct Broken {
  std::string message;
};
struct Unsupported {
  std::string reason;
};

[[noreturn]] void broken(const std::string& message, Here);

template <class T>
void same(const T& seen, const std::type_identity_t<T>& expected, std::string_view what, Here here = Here::now()) {
  if (!(seen == expected)) broken(std::string(what) + ": expected " + text(expected) + ", seen " + text(seen), here);
}
inline void holds(bool fact, std::string_view what, Here here = Here::now()) {
  if (!fact) broken("expected: " + std::string(what), here);
}

// The value of a call that has to succeed.
template <class T>
T must(Result<T> result, std::string_view what, Here here = Here::now()) {
  if (!result)
    broken(std::string(what) + " answered " + text(result.error().code) + ": " + result.error().message, here);
  return std::move(result).value();
}
inline void must(const Result<void>& result, std::string_view what, Here here = Here::now()) {
  if (!result)
    broken(std::string(what) + " answered " + text(result.error().code) + ": " + result.error().message, here);
}
// The code of a call that has to fail.
template <class T>
void fails(const Result<T>& result, Errc code, std::string_view what, Here here = Here::now()) {
  if (result) broken(std::string(what) + ": expected " + text(code) + ", seen success", here);
  same(result.error().code, code, what, here);
}

inline constexpr Millis kLong = std::chrono::hours(1);  // a lease that does not lapse in a scene

// Splitmix64: the same on every platform.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::uint64_t below(std::uint64_t n) { return next() % n; }

 private:
  std::uint64_t state_;
};

// A stretch of real time, so that no loop of a check depends on a broken store to end.
class Until {
 public:
  explicit Until(Millis from_now) : end_(std::chrono::steady_clock::now() + from_now) {}
  bool passed() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  std::chrono::steady_clock::time_point end_;
};

class Lab {
 public:
  explicit Lab(const Harness&);

  const Harness& harness() const { return harness_; }
  const Properties& properties() const { return properties_; }
  DurableBackend& store();
  void close() { store_.reset(); }
  void reopen() { close(), store(); }         // needs survives_reopen
  std::unique_ptr<DurableBackend> another();  // needs shared
  template <class Cap>
  Cap& cap(Here here = Here::now()) {
    Cap* cap = query<Cap>(store());
    if (!cap) broken("query(" + text(Cap::kId) + ") answered null", here);
    return *cap;
  }

  // Scene. `need` gives the verdict `unsupported` when the harness lacks what the check wants.
  void need(bool available, const char* what) const;
  Millis ticks(int n) const { return harness_.tick * n; }
  void pass(int n) { pass(ticks(n)); }
  void pass(Millis);
  Time wall() const;
  Random& random() { return random_; }
  TaskId id();  // never drawn before
  NewTask task(std::string_view queue = "q");
  std::vector<NewTask> tasks(std::size_t n, std::string_view queue = "q");

  // Enqueue. `put` expects to be let in.
  std::vector<Admission> enqueue(std::span<const NewTask>, Here = Here::now());
  Item enqueue(const NewTask&, Here = Here::now());
  TaskKey put(const NewTask&, Here = Here::now());
  TaskKey put(std::string_view queue = "q", Here here = Here::now()) { return put(task(queue), here); }
  std::vector<TaskId> put(std::size_t n, std::string_view queue = "q", Here = Here::now());

  // Exchange. `claim_one` expects exactly one task.
  Exchanged exchange(const Exchange&, Here = Here::now());
  std::vector<Leased> claim(std::uint32_t limit, std::string_view queue = "q", Millis lease = kLong,
                            std::uint32_t begin = 0, Here = Here::now());
  Leased claim_one(std::string_view queue = "q", Millis lease = kLong, std::uint32_t begin = 0, Here = Here::now());
  Item settle(const Settlement&, Here = Here::now());
  Item settle(const Leased& t, State to, Here here = Here::now()) { return settle(say(t, to), here); }
  static Settlement say(const Leased&, State to);  // a settlement, to fill in further
  Extended extend(std::string_view queue, Epoch, Millis lease, Here = Here::now());

  // A task brought into a state. The key's queue is `queue`, which must outlive it.
  Leased leased(std::string_view queue = "q", Here = Here::now());  // put and claimed for long
  Leased ended(State to, Millis keep = {}, std::string_view queue = "q", Here = Here::now());
  void finish(const Leased&, State to, Millis keep, std::string_view note = {}, Here = Here::now());

  Item cancel(TaskKey, Here = Here::now());
  std::optional<Record> get(TaskKey, Here = Here::now());
  Record record(TaskKey, Here = Here::now());  // expects that there is one
  Record record(const Leased& t, Here here = Here::now()) { return record({t.queue, t.id}, here); }
  Counts counts(std::string_view queue = "q", Here = Here::now());  // all zero when it is not listed
  std::uint64_t count(State, std::string_view queue = "q", Here = Here::now());
  std::uint64_t trim(const Retention&, Here = Here::now());

  // Everything the store says of the tasks it was ever sent, one a line, and its counts.
  std::string dump(Here = Here::now());
  void unchanged(const std::string& before, std::string_view after_what, Here = Here::now());
  // Claims of every queue sent to give nothing now.
  void nothing_claimable(std::string_view after_what, Here = Here::now());

  // Runs `body(0)` to `body(n - 1)` at once, each on a thread of its own; the first throw breaks the promise.
  static void together(int n, const std::function<void(int)>& body);

 private:
  const Harness& harness_;
  std::unique_ptr<DurableBackend> store_;
  Properties properties_;
  Random random_;
  std::set<std::pair<std::string, TaskId>> sent_;
};

std::vector<TaskId> ids(const std::vector<Leased>&);
inline TaskKey key(const Leased& t) { return {t.queue, t.id}; }

}  // namespace penstock::conformance
