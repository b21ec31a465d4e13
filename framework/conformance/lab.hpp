// What a promise's check works with: a fresh store, short words for its calls, and comparisons that
// say what was expected and what was seen. Every word that calls the store breaks the promise when the
// call answers an Error; use store() where an Error is what is wanted.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/conformance/backend.hpp>

#include "conformance/expect.hpp"

namespace penstock::conformance {

inline constexpr Millis kLong = std::chrono::hours(1);  // a lease that does not lapse in a scene

// What a claim gave. A check that looks for a task where none is breaks the promise, not the process.
class Claimed : public std::vector<Leased> {
 public:
  Claimed(std::vector<Leased> tasks) : std::vector<Leased>(std::move(tasks)) {}
  const Leased& operator[](std::size_t i) const {
    holds(i < size(), std::to_string(i + 1) + " tasks claimed, not " + std::to_string(size()));
    return std::vector<Leased>::operator[](i);
  }
};

class Lab {
 public:
  explicit Lab(const Harness&);
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

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
  Claimed claim(std::uint32_t limit, std::string_view queue = "q", Millis lease = kLong, std::uint32_t begin = 0,
                Here = Here::now());
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
  // The store, where it can tell and is open, finds nothing wrong with itself.
  void sound(Here = Here::now());

  static void together(int n, const std::function<void(int)>& body) { conformance::together(n, body); }

 private:
  const Harness& harness_;
  std::unique_ptr<DurableBackend> store_;
  Properties properties_;
  std::string durability_;  // a copy, which properties_ points to: the word may be the object's that told it
  Random random_;
  std::set<std::pair<std::string, TaskId>> sent_;
};

std::vector<TaskId> ids(const std::vector<Leased>&);
inline TaskKey key(const Leased& t) { return {t.queue, t.id}; }

}  // namespace penstock::conformance
