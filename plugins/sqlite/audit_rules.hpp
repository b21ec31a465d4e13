// What holds between the tables of a file after every transaction; schema.cpp has what they mean.
#pragma once

namespace penstock::sqlite {

// `sql` finds what breaks the rule, a row each: the queue's q, the place within it, and what is wrong. Beside
// SQLite's own functions there are
//   penstock_unique(traits), penstock_flow(traits), penstock_fair(flow)   parts of them, see traits.hpp
//   penstock_gate(flow, i)       the name of the i-th gate that the flow passes, or NULL
//   penstock_lists(tasks, n)     whether a lease's list has that task
//   penstock_task(id)            how a task is called
struct AuditRule {
  const char* name;
  const char* sql;
};

#define PENSTOCK_EVERY_GATE "(VALUES(0),(1),(2),(3),(4),(5),(6),(7))"

inline constexpr AuditRule kAuditRules[] = {
    {"queues",
     "SELECT q,penstock_task(id),'its queue is not there' FROM penstock_task "
     "WHERE q NOT IN (SELECT q FROM penstock_queue) UNION ALL "
     "SELECT q,'lease '||epoch,'its queue is not there' FROM penstock_lease WHERE q NOT IN (SELECT q FROM "
     "penstock_queue)"},

    // A task stands in the one line that its state and its flow have, or in none.
    {"one place",
     "SELECT q,penstock_task(id),'in state '||state||' it is at place '||coalesce(place,'none')||' of lane '||"
     "coalesce(lane,'none') FROM penstock_task t WHERE NOT CASE "
     "WHEN state IN (0,3) THEN lane IS NULL AND place IS NULL "
     "WHEN state=1 THEN lane IS 8*q+iif(penstock_flow(traits)=x'',1,7) AND place IS NOT NULL "
     "WHEN state IN (4,5,6) THEN lane IS 8*q+state AND place IS NOT NULL "
     "WHEN state<>2 OR place IS NOT rank THEN 0 "
     "WHEN penstock_flow(traits)=x'' THEN lane IS 8*q+2 "
     "WHEN flags&4 THEN lane IS (SELECT 8*flow+3 FROM penstock_flow f WHERE f.q=t.q AND f.name=penstock_flow(traits)) "
     "ELSE lane%8=0 AND EXISTS(SELECT 1 FROM penstock_seat s WHERE s.seat=t.lane/8 AND s.line=t.q AND s.own AND "
     "s.key=penstock_fair(penstock_flow(traits))) END"},

    {"leases",
     "SELECT q,penstock_task(id),'it is leased under epoch '||epoch||', of which there is no lease that lists it' FROM "
     "penstock_task t WHERE state=3 AND NOT EXISTS(SELECT 1 FROM penstock_lease l WHERE l.epoch=t.epoch AND l.q=t.q "
     "AND penstock_lists(l.tasks,t.n)) UNION ALL "
     "SELECT l.q,'lease '||l.epoch,'it counts '||live||' tasks, but there are '||coalesce(n,0) FROM penstock_lease l "
     "LEFT JOIN (SELECT epoch,q,count(*) n FROM penstock_task WHERE state=3 GROUP BY epoch,q) t ON t.epoch=l.epoch AND "
     "t.q=l.q WHERE live<>coalesce(n,0) OR live=0"},

    {"epochs",
     "SELECT q,penstock_task(id),'its epoch '||epoch||' was never drawn' FROM penstock_task WHERE epoch<0 OR "
     "epoch>(SELECT value FROM penstock_meta WHERE key='epoch') UNION ALL "
     "SELECT q,'lease '||epoch,'it was never drawn' FROM penstock_lease WHERE epoch<1 OR "
     "epoch>(SELECT value FROM penstock_meta WHERE key='epoch')"},

    // Who has ended, or was claimed and meant to hold it until then only, holds no key.
    {"unique keys",
     "SELECT q,penstock_task(id),'it holds a unique key that is not its own' FROM penstock_task t WHERE flags&8 AND "
     "NOT EXISTS(SELECT 1 FROM penstock_key k WHERE k.q=t.q AND k.key=penstock_unique(traits) AND k.id=t.id AND "
     "k.held=1) UNION ALL "
     "SELECT q,penstock_task(id),'in state '||state||' it still holds its unique key' FROM penstock_task WHERE flags&8 "
     "AND (state>3 OR (state=3 AND flags&16)) UNION ALL "
     "SELECT q,penstock_task(id),'it holds the unique key '||quote(key)||' but does not know' FROM penstock_key k "
     "WHERE "
     "held=1 AND NOT EXISTS(SELECT 1 FROM penstock_task t WHERE t.id=k.id AND t.q=k.q AND t.flags&8 AND "
     "penstock_unique(t.traits)=k.key)"},

    {"gates",
     "WITH n AS MATERIALIZED (SELECT q,penstock_gate(penstock_flow(traits),column1) name,count(*) n FROM "
     "penstock_task," PENSTOCK_EVERY_GATE " WHERE state=3 AND flags&4 AND name IS NOT NULL GROUP BY 1,2) "
     "SELECT g.q,'gate '||quote(g.name),leased||' are leased, but there are '||coalesce(n,0) FROM penstock_gate g LEFT "
     "JOIN n ON n.q=g.q AND n.name=g.name WHERE leased<>coalesce(n,0) UNION ALL "
     "SELECT n.q,'gate '||quote(n.name),'it is unknown, but tasks that pass it are leased: '||n FROM n WHERE NOT "
     "EXISTS(SELECT 1 FROM penstock_gate g WHERE g.q=n.q AND g.name=n.name)"},
    {"gates",
     "WITH n AS MATERIALIZED (SELECT f.q,penstock_gate(f.name,column1) name,sum(f.counted) admitted,"
     "sum(s.line=-(SELECT gate FROM penstock_gate g WHERE g.q=f.q AND g.name=penstock_gate(f.name,column1))) waiting "
     "FROM penstock_flow f JOIN penstock_seat s USING(seat)," PENSTOCK_EVERY_GATE
     " WHERE penstock_gate(f.name,column1) IS NOT NULL GROUP BY 1,2) "
     "SELECT g.q,'gate '||quote(g.name),g.admitted||' flows are admitted and '||g.waiting||' wait, but there are '||"
     "coalesce(n.admitted,0)||' and '||coalesce(n.waiting,0) FROM penstock_gate g LEFT JOIN n ON n.q=g.q AND "
     "n.name=g.name WHERE g.admitted<>coalesce(n.admitted,0) OR g.waiting<>coalesce(n.waiting,0)"},

    {"flows",
     "SELECT f.q,'flow '||quote(f.name),'it stands at no seat of its key' FROM penstock_flow f LEFT JOIN penstock_seat "
     "s USING(seat) WHERE s.key IS NOT penstock_fair(f.name) OR s.line IS NULL OR s.line<>f.q AND NOT "
     "EXISTS(SELECT 1 FROM penstock_gate g," PENSTOCK_EVERY_GATE
     " WHERE g.gate=-s.line AND g.q=f.q AND g.name=penstock_gate(f.name,column1)) UNION ALL "
     "SELECT q,'flow '||quote(name),'its best task is said to be '||head FROM penstock_flow f WHERE (rank,head) IS NOT "
     "(SELECT place,n FROM penstock_task WHERE lane=8*flow+3 ORDER BY place,n LIMIT 1)"},

    // The open line of a queue; the plain flow has a seat there only beside others.
    {"seats",
     "WITH n AS MATERIALIZED (SELECT seat,count(*) flows,sum(counted) counted FROM penstock_flow GROUP BY seat) "
     "SELECT iif(line>0,line,(SELECT q FROM penstock_gate WHERE gate=-line)),'seat '||quote(key),'it has '||s.flows||"
     "' flows, of them counted '||s.counted||', but there are '||(own+coalesce(n.flows,0))||' and '||"
     "coalesce(n.counted,0) FROM penstock_seat s LEFT JOIN n USING(seat) WHERE s.flows<>own+coalesce(n.flows,0) OR "
     "s.counted<>coalesce(n.counted,0) OR (line<0 AND (own OR away>0 OR s.flows=0)) UNION ALL "
     "SELECT line,'seat '||quote(key),iif(own,'none','some')||' of its tasks without gates are there' FROM "
     "penstock_seat s WHERE line>0 AND own<>EXISTS(SELECT 1 FROM penstock_task WHERE lane=iif(key=x'',8*line+2,"
     "8*seat))"},
    {"seats",
     "WITH n AS MATERIALIZED (SELECT f.q,penstock_fair(f.name) key,count(*) n FROM penstock_flow f JOIN penstock_seat "
     "s "
     "USING(seat) WHERE s.line<0 GROUP BY 1,2) "
     "SELECT line,'seat '||quote(s.key),away||' of its flows are away, but there are '||coalesce(n,0) FROM "
     "penstock_seat s LEFT JOIN n ON n.q=s.line AND n.key=s.key WHERE line>0 AND away<>coalesce(n,0) UNION ALL "
     "SELECT n.q,'seat '||quote(n.key),'it is unknown, but flows of it wait at gates: '||n FROM n WHERE NOT "
     "EXISTS(SELECT 1 FROM penstock_seat s WHERE s.line=n.q AND s.key=n.key) UNION ALL "
     "SELECT q,'open line','it counts '||seats||' seats and '||parked||' flows at gates, but there are '||"
     "coalesce(s.n,0)||' and '||coalesce(p.n,0) FROM penstock_queue q LEFT JOIN (SELECT line q,count(*) n FROM "
     "penstock_seat WHERE line>0 GROUP BY line) s USING(q) LEFT JOIN (SELECT q,sum(n) n FROM n GROUP BY q) p USING(q) "
     "WHERE seats<>coalesce(s.n,0) OR parked<>coalesce(p.n,0)"},

    // Long bodies and notes are elsewhere.
    {"content",
     "SELECT q,penstock_task(id),'its body or note is not of the length that is noted' FROM penstock_task t WHERE "
     "size<>iif(flags&64,coalesce((SELECT length(data) FROM penstock_content WHERE "
     "k=2*n),-1),coalesce(length(body),0)) "
     "OR note_size<>iif(flags&128,coalesce((SELECT length(data) FROM penstock_content WHERE k=2*n+1),-1),"
     "coalesce(length(note),0)) UNION ALL "
     "SELECT 0,'content '||k,'no task has it' FROM penstock_content c WHERE NOT EXISTS(SELECT 1 FROM penstock_task t "
     "WHERE t.n=k/2 AND t.flags&iif(k%2,128,64))"},

    {"retention",
     "SELECT q,penstock_task(id),'it is to be kept until '||until||', which nobody has noted' FROM penstock_task t "
     "WHERE until IS NOT NULL AND (state<4 OR NOT EXISTS(SELECT 1 FROM penstock_keep k WHERE k.lane=t.lane AND "
     "k.until=t.until AND k.n=t.n)) UNION ALL "
     "SELECT lane/8,'note of task '||n,'no such task is to be let go at '||until FROM penstock_keep k WHERE NOT "
     "EXISTS(SELECT 1 FROM penstock_task t WHERE t.n=k.n AND t.lane=k.lane AND t.until=k.until)"},

    {"tombstones",
     "WITH gone AS (SELECT id,q,epoch,state,ended,0 b FROM penstock_gone_a UNION ALL SELECT id,q,epoch,state,ended,1 "
     "FROM penstock_gone_b) "
     "SELECT g.q,penstock_task(g.id),'it has ended for good, and is there all the same' FROM gone g JOIN penstock_task "
     "t ON t.id=g.id AND t.q=g.q UNION ALL "
     "SELECT g.q,penstock_task(id),'its tombstone is of state '||state||' and epoch '||epoch FROM gone g WHERE state "
     "NOT IN (4,5,6) OR epoch>(SELECT value FROM penstock_meta WHERE key='epoch') UNION ALL "
     "SELECT q.q,'tombstones','the newest is of '||max(ended)||', but '||iif(b,gone_b,gone_a)||' is noted' FROM gone g "
     "JOIN penstock_queue q USING(q) GROUP BY q.q,b HAVING max(ended)>iif(b,gone_b,gone_a)"},
};

#undef PENSTOCK_EVERY_GATE

// What a queue's row counts, and what of its tasks it counts with it.
struct AuditCount {
  const char* column;
  const char* of_task;
};
inline constexpr AuditCount kAuditCounts[] = {
    {"held", "state=0"},
    {"scheduled", "state=1"},
    {"ready", "state=2"},
    {"leased", "state=3"},
    {"succeeded", "state=4"},
    {"dead", "state=5"},
    {"cancelled", "state=6"},
    {"bytes_succeeded", "iif(state=4,size+note_size,0)"},
    {"bytes_dead", "iif(state=5,size+note_size,0)"},
    {"bytes_cancelled", "iif(state=6,size+note_size,0)"},
    {"keyed", "state=2 AND penstock_flow(traits)<>x''"},
    {"later", "state=1 AND penstock_flow(traits)<>x''"},
    {"noted", "state=3 AND flags&12"},
};

}  // namespace penstock::sqlite
