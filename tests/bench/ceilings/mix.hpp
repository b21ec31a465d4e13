// What SQLite itself allows for a queue of jobs: one table, one index, no fence, no history. The classic
// program that a team writes before it looks for a framework.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/ceilings/database.hpp"

namespace penstock::bench {

// Thread: one at a time.
class Mix {
 public:
  Mix(const std::string& path, bool full);

  template <class F>
  void transaction(F&& f) {
    begin_.run();
    f();
    commit_.run();
  }
  void add(std::int64_t i, std::string_view body) { add_.run(i & 3, 1000 + i, body); }
  std::size_t lease(std::uint32_t most);  // adds to what is held
  std::size_t finish();                   // what is held

 private:
  static constexpr const char* kSchema =
      "CREATE TABLE IF NOT EXISTS job(id INTEGER PRIMARY KEY, state INT NOT NULL, priority INT NOT NULL, run_at INT "
      "NOT "
      "NULL, lease_until INT NOT NULL DEFAULT 0, attempts INT NOT NULL DEFAULT 0, payload BLOB NOT NULL);"
      "CREATE INDEX IF NOT EXISTS job_ready ON job(priority, run_at, id) WHERE state = 0";

  Database db_;
  bool made_ = (db_.execute(kSchema), true);  // before the statements, which need the table
  Query begin_{db_, "BEGIN IMMEDIATE"}, commit_{db_, "COMMIT"};
  Query add_{db_, "INSERT INTO job(state, priority, run_at, payload) VALUES(0, ?1, ?2, ?3)"};
  Query lease_{db_,
               "UPDATE job SET state = 1, lease_until = ?1, attempts = attempts + 1 WHERE id IN (SELECT id FROM job "
               "WHERE state = 0 AND run_at <= ?2 ORDER BY priority, run_at, id LIMIT ?3) RETURNING id, payload"};
  Query finish_{db_, "DELETE FROM job WHERE id = ?1"};
  std::vector<std::int64_t> held_;
};

inline Mix::Mix(const std::string& path, bool full) : db_(path, full) {}

inline std::size_t Mix::lease(std::uint32_t most) {
  const std::size_t before = held_.size();
  lease_.start(std::int64_t{1} << 50, std::int64_t{1} << 49, most);
  while (lease_.next()) held_.push_back(lease_.integer(0));
  return held_.size() - before;
}

inline std::size_t Mix::finish() {
  for (const std::int64_t id : held_) finish_.run(id);
  const std::size_t finished = held_.size();
  held_.clear();
  return finished;
}

}  // namespace penstock::bench
