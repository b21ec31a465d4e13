// The statements of flow control, prepared when a connection first meets a task that uses it.
#pragma once

#include "gate_setting.hpp"
#include "statement.hpp"

namespace penstock::sqlite {

struct FlowStatements {
  explicit FlowStatements(sqlite3* connection) : db(connection) {}

  sqlite3* db;

  Statement seat_last{db, "SELECT max(seat) FROM penstock_seat"};
#define PENSTOCK_SEAT_COLUMNS "seat,line,place,flows,own,counted,away,key"
  Statement seat_find{db, "SELECT " PENSTOCK_SEAT_COLUMNS " FROM penstock_seat WHERE hash=?3 AND line=?1 AND key=?2"};
  Statement seat_get{db, "SELECT " PENSTOCK_SEAT_COLUMNS " FROM penstock_seat WHERE seat=?1"};
  Statement seat_first{
      db, "SELECT " PENSTOCK_SEAT_COLUMNS
          " FROM penstock_seat WHERE place>=?1 AND place<=?2 AND line=?3 AND flows>0 ORDER BY place,seat LIMIT ?4"};
  Statement seat_add{db, "INSERT INTO penstock_seat VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"};
  Statement seat_save{db, "UPDATE penstock_seat SET place=?2,flows=?3,own=?4,counted=?5,away=?6 WHERE seat=?1"};
  Statement seat_turn{db, "UPDATE penstock_seat SET place=?2 WHERE seat=?1"};
  Statement seat_delete{db, "DELETE FROM penstock_seat WHERE seat=?1"};

  Statement flow_last{db, "SELECT max(flow) FROM penstock_flow"};
#define PENSTOCK_FLOW_COLUMNS "flow,q,seat,counted,rank,head,since,name"
  Statement flow_find{db, "SELECT " PENSTOCK_FLOW_COLUMNS " FROM penstock_flow WHERE q=?1 AND name=?2"};
  Statement flow_get{db, "SELECT " PENSTOCK_FLOW_COLUMNS " FROM penstock_flow WHERE flow=?1"};
  Statement flow_named{
      db, "SELECT " PENSTOCK_FLOW_COLUMNS " FROM penstock_flow WHERE q=?1 AND name>=?2 ORDER BY name LIMIT ?3"};
  Statement flow_first{db, "SELECT " PENSTOCK_FLOW_COLUMNS
                           " FROM penstock_flow WHERE seat=?1 AND counted=?2 ORDER BY rank,head LIMIT ?3"};
  Statement flow_add{db, "INSERT INTO penstock_flow VALUES(?1,?2,?3,?4,?5,?6,?7,?8)"};
  Statement flow_save{db, "UPDATE penstock_flow SET seat=?2,counted=?3,rank=?4,head=?5,since=?6 WHERE flow=?1"};
  Statement flow_delete{db, "DELETE FROM penstock_flow WHERE flow=?1"};

  Statement gate_last{db, "SELECT max(gate) FROM penstock_gate"};
#define PENSTOCK_GATE_COLUMNS "gate,q,leased,admitted,waiting,opened,full_at,name"
  Statement gate_find{db, "SELECT " PENSTOCK_GATE_COLUMNS " FROM penstock_gate WHERE q=?1 AND name=?2"};
  Statement gate_add{db, "INSERT INTO penstock_gate VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"};
  Statement gate_save{db,
                      "UPDATE penstock_gate SET leased=?3,admitted=?4,waiting=?5,opened=?6,full_at=?7,due=?8,idle=?9 "
                      "WHERE gate=?1 AND q=?2"};
  Statement gate_delete{db, "DELETE FROM penstock_gate WHERE gate=?1"};
  Statement gate_due{db, "SELECT name FROM penstock_gate WHERE q=?1 AND due<=?2 ORDER BY due,gate LIMIT ?3"};
  Statement gate_first_due{db, "SELECT min(due) FROM penstock_gate WHERE q=?1 AND due IS NOT NULL"};
  Statement gate_named{db, "SELECT name FROM penstock_gate WHERE q=?1 AND name>=?2 AND name<?3 ORDER BY name LIMIT ?4"};
  Statement gate_oldest_open{db, "SELECT min(opened) FROM penstock_gate WHERE q=?1 AND waiting>0 AND opened>=0"};
  Statement gate_sweep{
      db,
      "DELETE FROM penstock_gate WHERE gate IN (SELECT gate FROM penstock_gate WHERE idle<=?1 ORDER BY "
      "idle LIMIT ?2)"};

  Statement limit_get{db, "SELECT " PENSTOCK_SETTING_COLUMNS " FROM penstock_limit WHERE queue=?1 AND gate=?2"};
  // What is set for the gate or class in these words; nothing, if nothing is.
  GateSetting setting(std::string_view queue, std::string_view gate) const {
    Use use(limit_get, Text{queue}, gate);
    return use.next() ? read_gate_setting(use, 0) : GateSetting();
  }

  Statement limit_set{db, "INSERT OR REPLACE INTO penstock_limit VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"};
  Statement limit_drop{db, "DELETE FROM penstock_limit WHERE queue=?1 AND gate=?2"};
  Statement queue_names{db, "SELECT name FROM penstock_queue"};

  // The best task of each of the first seats of a ring where only a flow without gates stands, and whether it
  // has another one.
  Statement task_round{
      db,
      "SELECT n,id,kind,body,note,rank,flags,failures,crashes,traits,(SELECT 1 FROM penstock_task WHERE "
      "lane=8*seat LIMIT 1 OFFSET 1),seat FROM penstock_seat JOIN penstock_task ON n=(SELECT n FROM "
      "penstock_task WHERE lane=8*seat ORDER BY place,n LIMIT 1) WHERE penstock_seat.place>=?1 AND "
      "penstock_seat.place<=?2 AND line=?3 AND flows>0 AND own>0 ORDER BY penstock_seat.place,seat LIMIT ?4"};
  Statement task_head{db, "SELECT place,n FROM penstock_task WHERE lane=?1 ORDER BY place,n LIMIT 1"};
  Statement task_due{db,
                     "SELECT n,rank,traits FROM penstock_task WHERE lane=?1 AND place<=?2 ORDER BY place,n LIMIT ?3"};
  Statement task_promote{db, "UPDATE penstock_task SET state=2,lane=?2,place=rank WHERE n=?1"};
};

}  // namespace penstock::sqlite
