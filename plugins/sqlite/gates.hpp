// Gates: who has passed, and who waits. See lines.hpp.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clock.hpp"
#include "meter.hpp"

namespace penstock::sqlite {

struct QueueRow;
struct Statements;
class Use;

// A row of penstock_gate, beside what is set for it in penstock_limit. There is one while somebody has a
// slot, is admitted or waits, or while the bucket is not full.
struct Gate {
  std::int64_t id = 0, q = 0;
  std::string name;
  std::int64_t leased = 0;    // slots taken
  std::int64_t admitted = 0;  // flows of the open line that it keeps room for
  std::int64_t waiting = 0;   // flows in its line
  std::int64_t opened = 0;    // the turn at which those who wait saw it open; -1: it is closed
  Meter meter;
  bool overdue = false;  // more could be let out, but not in one call
  bool stored = false, changed = false;

  std::int64_t room(const Clock& clock) const noexcept { return meter.room(leased, clock); }
  bool used() const noexcept { return leased > 0 || admitted > 0 || waiting > 0; }
  // When to look whether somebody can be let out; absent: not before something happens.
  std::optional<std::int64_t> due() const noexcept;
};

// The gates that a transaction deals with: loaded when first needed, written back once.
class GateBook {
 public:
  GateBook(Statements& sql, const Clock& clock) : sql_(sql), clock_(clock) {}

  Gate& at(const QueueRow&, std::string_view name);
  void set(const QueueRow&);  // its gates take over what is set for them now
  void touch(Gate&);
  void save();
  void sweep();  // forgets some that nobody needs any more; nothing may follow in this transaction

 private:
  void set(std::string_view queue, Gate&);

  Statements& sql_;
  const Clock& clock_;
  std::deque<Gate> gates_;
  std::map<std::pair<std::int64_t, std::string>, Gate*, std::less<>> by_name_;
  std::vector<Gate*> changed_;
  std::int64_t last_ = 0;
  std::int64_t idle_ = 0;  // of those saved: they are kept for their bucket only
};

// The class whose limits a gate has when it has none of its own; empty: it is of no class.
std::string_view class_of(std::string_view gate) noexcept;

}  // namespace penstock::sqlite
