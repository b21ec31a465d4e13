// Every statement of the write path, prepared once a connection.
#pragma once

#include <optional>

#include "flow_statements.hpp"
#include "noted.hpp"
#include "statement.hpp"

namespace penstock::sqlite {

#define PENSTOCK_TASK_COLUMNS \
  "n,id,q,state,lane,place,rank,epoch,flags,failures,crashes,enqueued,until,size,note_size,kind,traits"

struct Statements {
  explicit Statements(sqlite3* connection) : db(connection) {}

  sqlite3* db;
  Noted noted{db};
  Statement begin{db, "BEGIN IMMEDIATE"}, commit{db, "COMMIT"};

  Statement meta_get{db, "SELECT value FROM penstock_meta WHERE key=?1"};
  Statement meta_set{db, "UPDATE penstock_meta SET value=?2 WHERE key=?1"};
  Statement epoch_next{db, "UPDATE penstock_meta SET value=value+1 WHERE key='epoch' RETURNING value"};

  Statement queue_find{
      db,
      "SELECT q,gone_a,gone_b,trimmed,bytes_succeeded,bytes_dead,bytes_cancelled,held,"
      "scheduled,ready,leased,succeeded,dead,cancelled,keyed,later,noted,turns,seats,parked,walk_from,walk_to,"
      "running,per_second,burst,own_held,full_at FROM penstock_queue WHERE name=?1"};
  Statement queue_add{db, "INSERT INTO penstock_queue(name) VALUES(?1)"};
  Statement queue_save{db,
                       "UPDATE penstock_queue SET gone_a=?2,gone_b=?3,trimmed=?4,bytes_succeeded=?5,bytes_dead=?6,"
                       "bytes_cancelled=?7,held=?8,scheduled=?9,ready=?10,leased=?11,succeeded=?12,dead=?13,"
                       "cancelled=?14 WHERE q=?1"};
  Statement queue_flow{
      db,
      "UPDATE penstock_queue SET keyed=?2,later=?3,noted=?4,turns=?5,seats=?6,parked=?7,walk_from=?8,walk_to=?9,"
      "full_at=?10 WHERE q=?1"};

  Statement queue_set{db, "UPDATE penstock_queue SET running=?2,per_second=?3,burst=?4,own_held=?5 WHERE q=?1"};
  Statement queue_setting{
      db, "SELECT queue='*'," PENSTOCK_SETTING_COLUMNS " FROM penstock_limit WHERE queue IN (?1,'*') AND gate=x''"};

  Statement task_add{db,
                     "INSERT OR IGNORE INTO penstock_task VALUES(NULL,?1,?2,?3,?4,?5,0,?6,?11,0,0,?7,NULL,?8,"
                     "0,?9,?10,?12,NULL)"};
  Statement task_by_id{db, "SELECT " PENSTOCK_TASK_COLUMNS " FROM penstock_task WHERE id=?1 AND q=?2"};
  Statement task_by_n{db, "SELECT " PENSTOCK_TASK_COLUMNS " FROM penstock_task WHERE n=?1"};
  Statement task_content{db, "SELECT body,note FROM penstock_task WHERE n=?1"};
  Statement task_body{db, "SELECT body FROM penstock_task WHERE n=?1"};
  Statement task_save{db,
                      "UPDATE penstock_task SET state=?2,lane=?3,place=?4,epoch=?5,flags=?6,failures=?7,crashes=?8,"
                      "until=?9 WHERE n=?1"};
  Statement task_note{db, "UPDATE penstock_task SET note=?2,note_size=?3 WHERE n=?1"};
  Statement task_delete{db, "DELETE FROM penstock_task WHERE n=?1"};
  // The common end of a task, in one step: leased under this epoch, nothing stored elsewhere.
  Statement task_finish{db, "DELETE FROM penstock_task WHERE id=?1 AND q=?2 AND epoch=?3 AND state=3 AND flags<4"};
  // The same, where the end may concern others than the task: their part is in `noted`.
  Statement task_finish_noted{db,
                              "DELETE FROM penstock_task WHERE id=?1 AND q=?2 AND epoch=?3 AND state=3 AND "
                              "flags<64 AND penstock_note(flags,traits)"};
  Statement task_ready{db,
                       "SELECT n,id,kind,body,note,rank,flags,failures,crashes,traits FROM penstock_task WHERE lane=?1 "
                       "ORDER BY place,n LIMIT ?2"};
  // The best one, and whether there is another.
  Statement task_best{db,
                      "SELECT n,id,kind,body,note,rank,flags,failures,crashes,traits,(SELECT 1 FROM penstock_task WHERE "
                      "lane=?1 LIMIT 1 OFFSET 1) FROM penstock_task WHERE lane=?1 ORDER BY place,n LIMIT 1"};
  Statement task_lease{db, "UPDATE penstock_task SET state=3,lane=NULL,place=NULL,epoch=?2,flags=?3 WHERE n=?1"};
  Statement line_head{db, "SELECT place FROM penstock_task WHERE lane=?1 ORDER BY place,n LIMIT 1"};
  Statement line_promote{db,
                         "UPDATE penstock_task SET state=2,lane=q*8+2,place=rank WHERE n IN (SELECT n FROM "
                         "penstock_task WHERE lane=?1 AND place<=?2 ORDER BY place,n LIMIT 1000)"};
  Statement line_ended{db,
                       "SELECT n,place,until,size+note_size FROM penstock_task WHERE lane=?1 ORDER BY "
                       "place,n LIMIT ?2"};

  Statement content_add{db, "INSERT OR REPLACE INTO penstock_content VALUES(?1,?2)"};
  Statement content_get{db, "SELECT data FROM penstock_content WHERE k=?1"};
  Statement content_delete{db, "DELETE FROM penstock_content WHERE k=?1"};

  Statement keep_add{db, "INSERT INTO penstock_keep VALUES(?1,?2,?3)"};
  Statement keep_delete{db, "DELETE FROM penstock_keep WHERE lane=?1 AND until=?2 AND n=?3"};
  Statement keep_over{db,
                      "SELECT k.n FROM (SELECT n FROM penstock_keep WHERE lane=?1 AND until<=?2 ORDER BY until LIMIT "
                      "?3) k JOIN penstock_task t ON t.n=k.n ORDER BY t.place,t.n LIMIT ?4"};

  Statement lease_add{db, "INSERT INTO penstock_lease VALUES(?1,?2,?3,?4,0,?5,?6,x'')"};
  Statement lease_get{db, "SELECT until,stop,tasks,taken FROM penstock_lease WHERE epoch=?1 AND q=?2"};
  Statement lease_lapsed{db, "SELECT epoch,tasks FROM penstock_lease WHERE q=?1 AND until<=?2 ORDER BY epoch LIMIT ?3"};
  Statement lease_first{db, "SELECT min(until) FROM penstock_lease WHERE q=?1"};
  Statement lease_until{db, "UPDATE penstock_lease SET until=?2 WHERE epoch=?1"};
  Statement lease_stop{db, "UPDATE penstock_lease SET stop=1,taken=taken||?2 WHERE epoch=?1"};
  Statement lease_cut{db, "UPDATE penstock_lease SET tasks=?2 WHERE epoch=?1"};
  Statement lease_less{db, "UPDATE penstock_lease SET live=live-?2 WHERE epoch=?1"};
  Statement lease_over{db, "DELETE FROM penstock_lease WHERE epoch=?1 AND live<=?2"};
  Statement lease_drop{db, "DELETE FROM penstock_lease WHERE epoch=?1"};

  Statement gone_add[2]{{db, "INSERT OR REPLACE INTO penstock_gone_a VALUES(?1,?2,?3,?4,?5)"},
                        {db, "INSERT OR REPLACE INTO penstock_gone_b VALUES(?1,?2,?3,?4,?5)"}};
  Statement gone_get{db,
                     "SELECT epoch,state,ended FROM penstock_gone_a WHERE id=?1 AND q=?2 UNION ALL "
                     "SELECT epoch,state,ended FROM penstock_gone_b WHERE id=?1 AND q=?2"};
  Statement gone_top{db,
                     "SELECT max((SELECT coalesce(max(id),x'') FROM penstock_gone_a),"
                     "(SELECT coalesce(max(id),x'') FROM penstock_gone_b))"};
  Statement gone_clear[2]{{db, "DELETE FROM penstock_gone_a"}, {db, "DELETE FROM penstock_gone_b"}};
  // Whether a queue still needs something of the table: rows that it has not trimmed past.
  Statement gone_needed[2]{{db, "SELECT 1 FROM penstock_queue WHERE gone_a>=trimmed AND gone_a>0 LIMIT 1"},
                           {db, "SELECT 1 FROM penstock_queue WHERE gone_b>=trimmed AND gone_b>0 LIMIT 1"}};
  Statement gone_any[2]{{db, "SELECT 1 FROM penstock_gone_a LIMIT 1"}, {db, "SELECT 1 FROM penstock_gone_b LIMIT 1"}};
  Statement gone_reset[2]{{db, "UPDATE penstock_queue SET gone_a=0 WHERE gone_a<>0"},
                          {db, "UPDATE penstock_queue SET gone_b=0 WHERE gone_b<>0"}};

  Statement key_get{db, "SELECT id,held,until FROM penstock_key WHERE q=?1 AND key=?2"};
  Statement key_set{db, "INSERT OR REPLACE INTO penstock_key VALUES(?1,?2,?3,1,?4)"};
  Statement key_drop{db, "DELETE FROM penstock_key WHERE q=?1 AND key=?2 AND id=?3 AND until<=?4"};
  Statement key_free{db, "UPDATE penstock_key SET held=0 WHERE q=?1 AND key=?2 AND id=?3"};
  Statement key_sweep{db,
                      "DELETE FROM penstock_key WHERE (q,key) IN (SELECT q,key FROM penstock_key WHERE q=?1 AND held=0 "
                      "AND until<=?2 LIMIT ?3)"};

  Statement document_get{db, "SELECT revision FROM penstock_document WHERE name=?1"};
  FlowStatements& flow() {
    if (!flow_) flow_.emplace(db);
    return *flow_;
  }

  Statement document_put{db, "INSERT OR REPLACE INTO penstock_document VALUES(?1,?2,?3)"};

 private:
  std::optional<FlowStatements> flow_;
};

}  // namespace penstock::sqlite
