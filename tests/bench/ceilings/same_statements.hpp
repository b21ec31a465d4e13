// The SQLite backend without the runtime: on a file that the backend made, the statements that it runs
// for the common life of a task, stepped by a program that knows what it wants. No manager, no codec, no
// hooks, no fences looked at, no other callers to wait for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "bench/ceilings/database.hpp"

namespace penstock::bench {

// Thread: one at a time.
class SameStatements {
 public:
  // On a file whose queue `kQueue` is there (see make_store).
  SameStatements(const std::string& path, bool full);

  // One transaction around what `f` does by the next three.
  template <class F>
  void transaction(F&& f) {
    begin_.run();
    load();
    f();
    save();
    commit_.run();
  }
  void add(const TaskId& id, std::string_view body, std::int32_t priority = 0);
  std::size_t claim(std::uint32_t most);  // adds to what is held; returns how many
  std::size_t settle();                   // all that was held before the last claim; returns how many

  std::int64_t left() const noexcept { return ready_ + leased_; }

 private:
  struct Held {
    std::int64_t n;
    TaskId id;
    std::int64_t epoch;
  };
  void load();
  void save();

  Database db_;
  Query begin_{db_, "BEGIN IMMEDIATE"}, commit_{db_, "COMMIT"};
  Query queue_get_{db_, "SELECT q,ready,leased,gone_a FROM penstock_queue WHERE name='bench'"};
  Query queue_set_{db_, "UPDATE penstock_queue SET ready=?2,leased=?3,gone_a=?4 WHERE q=?1"};
  Query gone_top_{db_, "SELECT max(id) FROM penstock_gone_a"};
  Query add_{db_,
             "INSERT OR IGNORE INTO penstock_task(q,state,lane,place,rank,epoch,flags,failures,crashes,enqueued,"
             "size,note_size,id,kind,body) VALUES(?1,2,?2,?3,?3,0,0,0,0,?4,?5,0,?6,?7,?8)"};
  Query epoch_{db_, "UPDATE penstock_meta SET value=value+1 WHERE key='epoch' RETURNING value"};
  Query ready_tasks_{db_,
                     "SELECT n,id,kind,body,note,rank,flags,failures,crashes,traits FROM penstock_task WHERE lane=?1 ORDER BY "
                     "place,n LIMIT ?2"};
  Query lease_task_{db_, "UPDATE penstock_task SET state=3,lane=NULL,place=NULL,epoch=?2,flags=?3 WHERE n=?1"};
  Query lease_add_{db_,
                   "INSERT INTO penstock_lease(epoch,q,until,live,stop,worker,tasks,taken) "
                   "VALUES(?1,?2,?3,?4,0,'ceiling',?5,x'')"};
  Query lease_over_{db_, "DELETE FROM penstock_lease WHERE epoch=?1"};
  Query finish_{db_, "DELETE FROM penstock_task WHERE id=?1 AND q=?2 AND epoch=?3 AND state=3 AND flags<4"};
  Query gone_add_{db_, "INSERT OR REPLACE INTO penstock_gone_a(id,q,epoch,state,ended) VALUES(?1,?2,?3,4,?4)"};
  std::int64_t q_ = 0, ready_ = 0, leased_ = 0, gone_ = 0;
  std::vector<Held> held_;     // to be settled
  std::vector<Held> claimed_;  // by the last claim
};

// Has the backend make the file, with the queue in it.
void make_store(const std::string& path, bool full);

}  // namespace penstock::bench
