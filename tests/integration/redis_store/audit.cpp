// The audit: a sound store of every sort of key, and each of its rules broken by hand.
#include <algorithm>
#include <array>

#include <penstock/plugin/leadership.hpp>

#include "fixture.hpp"
#include "support/redis/cluster.hpp"

namespace penstock::redis {
namespace {

Audited audit(DurableBackend& b, std::uint32_t at_most = 1000) {
  auto out = query<Audit>(b)->audit(at_most);
  if (!out) FAIL(out.error().message);
  return *out;
}

std::string told(const Audited& seen) {
  std::string out;
  for (const Violation& v : seen.violations) out += v.rule + ": " + v.where + ": " + v.what + "\n";
  return out;
}

void must_put(DurableBackend& b, const NewTask& t) {
  if (const auto done = put(b, t); !done || *done != Item::ok) FAIL("an enqueue was refused");
}

void must_settle(DurableBackend& b, const Settlement& s) {
  Exchange x;
  x.settle = std::span(&s, 1);
  const auto done = b.exchange(x);
  if (!done || done->settled.front() != Item::ok) FAIL("a settlement was refused");
}

void must_cancel(DurableBackend& b, int number, Item expected) {
  const TaskKey key{"q", id(number)};
  const auto done = b.cancel(std::span(&key, 1));
  if (!done || done->front() != expected) FAIL("a cancel answered something else");
}

// 1 is dead and kept for a while, 2 has left a tombstone, 3, 4 and 7 are leased (3 with a unique key, 4 with gates, 7
// to be stopped), 5 and 6 wait for nothing, 8 is cancelled, 9 holds a unique key, 10 has left one behind. Behind them
// are ready and scheduled ones with all sorts of fair keys and gates: one flow is in the open line, others wait at a
// gate. 11 is watched.
void furnish(DurableBackend& b) {
  const Limit one{.running = 1};
  REQUIRE(query<Gates>(b)->limit("q", "g", Layer::operator_, &one));
  const std::array<std::string_view, 2> gates{"g", "h"};
  std::vector<NewTask> all;
  for (int n = 0; n <= 11; ++n) all.push_back(task(n));
  all[3].unique = "u", all[9].unique = "v", all[10].unique = "w";
  all[4].gates = gates;
  all[10].unique_for = std::chrono::hours(1);
  for (int n : {1, 2, 3, 4, 7, 10}) must_put(b, all[static_cast<std::size_t>(n)]);
  const auto leased = claim(b, 6);
  REQUIRE(leased->leased.size() == 6);
  Settlement dead = settlement(leased->leased[0], State::dead);
  dead.keep = std::chrono::hours(1), dead.note = "note";
  must_settle(b, dead);
  must_settle(b, settlement(leased->leased[1]));
  must_settle(b, settlement(leased->leased[5]));
  must_cancel(b, 7, Item::requested);
  for (int n : {5, 6, 8, 9, 11}) must_put(b, all[static_cast<std::size_t>(n)]);
  must_cancel(b, 8, Item::ok);
  const TaskKey watched{"q", id(11)};
  REQUIRE(b.get(std::span(&watched, 1)));
  int n = 20;
  for (bool later : {false, true}) {
    for (std::string_view fair : {"", "a", "b"}) {
      for (std::size_t passed : {0, 1, 2}) {
        NewTask t = task(n++);
        t.fair = fair;
        t.gates = std::span(gates).last(passed);  // "h" lets all through, "g" nobody
        if (later) t.delay = std::chrono::hours(1);
        must_put(b, t);
      }
    }
  }
}

// What damages have at hand: of a queue's keys by the name behind P; each answers 1, or 0 when it strikes nothing.
constexpr const char* kHands = R"lua(
local P, call, pack, unpick, char = '{penstock:q}', redis.call, struct.pack, struct.unpack, string.char
local function id(n) return ('\0'):rep(15) .. char(n) end
local function over(v, at, octets) return v:sub(1, at - 1) .. octets .. v:sub(at + #octets) end
local function more(v, at, by) return over(v, at, pack('<d', unpick('<d', v, at) + by)) end
local function row(name, field, change)
  local v = call('hget', P .. ':' .. name, field)
  if not v then return 0 end
  call('hset', P .. ':' .. name, field, change(v))
  return 1
end
local function text(name, change)
  local v = call('get', P .. ':' .. name)
  if not v then return 0 end
  call('set', P .. ':' .. name, change(v))
  return 1
end
local function count(i, by) return text('c', function(v) return more(v, 8 * i - 7, by) end) end
local function flow(i, by) return text('fc', function(v) return more(v, 8 * i - 7, by) end) end
local function key(name) return P .. ':' .. name end
local function record(n) return call('hget', key('rec'), id(n)) end
local function member(n) return record(n):sub(1, 6) .. id(n) end
local function first(name) return call('hkeys', key(name))[1] end
local function best(name) return call('zrange', key(name), 0, 0)[1] or '' end
local function turn(n) return pack('>I6', unpick('<d', call('hget', key('live'), id(n)), 41)) .. id(n) end
local A, G = '\1a\1g\1h', '\1g' -- a flow that waits, and the line where it does
)lua";

struct Damage {
  const char* rule;
  const char* lua;
};
constexpr Damage kDamages[] = {
    {"keys", "call('set', key('nonsense'), 1) return 1"},
    {"keys", "call('set', key('nonsense:x'), 1) return 1"},
    {"keys", "call('del', key('ready')) call('set', key('ready'), 1) return 1"},
    {"keys", "call('del', key('gn')) call('hset', key('gn'), 1, 1) return 1"},
    {"keys", "return call('pexpire', key('rec'), 1000000)"},
    {"keys", "return call('pexpire', key('f:' .. A), 1000000)"},
    {"keys", "return call('pexpire', '{penstock}:queues', 1000000)"},
    {"keys", "call('set', '{penstock}:what', 1) return 1"},
    {"keys", "call('set', '{penstock:no name}:c', 1) return 1"},
    {"keys", "return call('hset', '{penstock}:hold', 1, 1)"},
    {"keys", "return call('hset', '{penstock:leader:x}', 1, 1)"},
    {"keys", "call('set', key('l:5'), id(5)) return 1"},
    {"keys", "return call('sadd', key('s:5'), id(5))"},
    {"keys", "call('set', key('a:99'), id(5)) return 1"},
    {"keys", "return call('zadd', key('k:zz'), 1, member(5))"},
    {"keys", "return call('zadd', key('f:\\1z\\1g'), 1, member(5))"},
    {"keys", "return call('zadd', key('st:0' .. G .. 'zz'), 1, 'x')"},
    {"keys", "return call('zadd', key('away:zz'), 1, 'x')"},
    {"keys", "return call('zadd', key('ring:\\2zz'), 1, 'x')"},
    {"keys", "call('del', key('a:0')) return call('hset', key('a:0'), 1, 1)"},
    {"keys", "call('del', key('k:a')) call('set', key('k:a'), 1) return 1"},
    {"keys", "call('del', key('f:' .. A)) call('set', key('f:' .. A), 1) return 1"},
    {"keys", "call('del', key('ring:\\0')) call('set', key('ring:\\0'), 1) return 1"},
    {"keys", "call('del', key('l:' .. first('batch'))) return call('hset', key('l:' .. first('batch')), 1, 1)"},
    {"queues", "return call('srem', '{penstock}:queues', 'q')"},
    {"counts", "return count(5, 1)"},
    {"counts", "return count(6, -1)"},
    {"counts", "return count(7, 1)"},
    {"counts", "return count(8, 1)"},
    {"counts", "return count(9, 1)"},
    {"counts", "return count(10, -1)"},
    {"counts", "return count(12, 1)"},
    {"counts", "return count(13, -1)"},
    {"counts", "return count(18, 1)"},
    {"counts", "return flow(4, 1)"},
    {"counts", "return text('c', function(v) return v .. 'x' end)"},
    {"counts", "return text('fc', function(v) return v:sub(2) end)"},
    {"counts", "return call('hdel', key('rec'), id(5))"},
    {"counts", "return call('srem', key('watch'), id(11))"},
    {"one place", "return call('hdel', key('rec'), id(5))"},
    {"one place", "return call('zrem', key('ready'), member(5))"},
    {"one place", "call('zincrby', key('ready'), 1, member(5)) return 1"},
    {"one place", "return call('zadd', key('ready'), 1, member(3))"},
    {"one place", "return call('zadd', key('ready'), 1, member(23))"},
    {"one place", "return call('zadd', key('ready'), 1, 'x')"},
    {"one place", "return call('zadd', key('due'), 1, member(5) .. record(5):sub(13, 19))"},
    {"one place", "return call('zadd', key('due'), 1, member(1) .. record(1):sub(13, 19))"},
    {"one place", "return call('zrem', key('due'), member(29) .. record(29):sub(13, 19))"},
    {"one place", "return call('zrem', key('k:a'), member(23))"},
    {"one place", "return call('hdel', key('live'), id(3))"},
    {"one place", "return row('live', id(3), function(v) return over(v, 1, '\\9') end)"},
    {"one place", "return row('live', id(3), function(v) return over(v, 1, '\\2') end)"},
    {"one place", "return call('hset', key('live'), id(99), call('hget', key('live'), id(3)))"},
    {"one place", "return call('zrem', key('ended:5'), id(1))"},
    {"one place", "return call('zadd', key('ended:6'), 0, id(1))"},
    {"one place", "return call('zadd', key('ended:4'), 0, id(99))"},
    {"leases", "return call('del', key('batch'))"},
    {"leases", "return row('batch', first('batch'), function(v) return over(v, 1, '\\9') end)"},
    {"leases", "return row('batch', first('batch'), function(v) return over(v, 9, '\\0') end)"},
    {"leases", "return row('batch', first('batch'), function(v) return v:sub(1, 9) end)"},
    {"leases", "return call('del', key('l:' .. first('batch')))"},
    {"leases", "return text('l:' .. first('batch'), function(v) return (v:gsub('\\3', '\\5')) end)"},
    {"leases", "return call('zrem', key('leases'), first('batch'))"},
    {"leases", "call('zincrby', key('leases'), 1, first('batch')) return 1"},
    {"leases", "return call('zadd', key('lapsed'), first('batch'), first('batch'))"},
    {"leases", "return call('append', key('l:' .. first('batch')), ('x'):rep(1000000)) > 0 and 1"},
    {"leases", "call('zrem', key('leases'), first('batch')) return call('zadd', key('lapsed'), 1, first('batch'))"},
    {"leases", "return call('del', key('s:' .. first('batch')))"},
    {"leases", "return row('live', id(1), function(v) return over(v, 2, '\\9') end)"},
    {"epochs", "return text('c', function(v) return over(v, 9, pack('<d', 0)) end)"},
    {"epochs", "return row('live', id(3), function(v) return more(v, 3, 1e13) end)"},
    {"epochs", "return row('live', id(3), function(v) return over(v, 3, pack('<d', 0)) end)"},
    {"unique keys", "return call('hdel', key('u'), 'u')"},
    {"unique keys", "return row('u', 'u', function(v) return over(v, 1, id(5)) end)"},
    {"unique keys", "return row('u', 'v', function(v) return over(v, 17, '\\0') end)"},
    {"unique keys", "return row('u', 'v', function(v) return v:sub(1, 20) end)"},
    {"unique keys", "return row('u', 'w', function(v) return over(v, 17, '\\1') end)"},
    {"retention", "return call('zrem', key('ut'), 'w')"},
    {"retention", "return call('zrem', key('ends:5'), turn(1))"},
    {"retention", "call('zincrby', key('ends:5'), 1, turn(1)) return 1"},
    {"retention", "return call('zadd', key('ends:6'), 1, turn(1))"},
    {"retention", "return call('zadd', key('past:5'), 1, turn(1))"},
    {"retention", "return call('zadd', key('keep:6'), 1, turn(1))"},
    {"tombstones", "return call('hset', key('gone:0'), id(5), pack('<dBd', 1, 4, 1))"},
    {"tombstones", "return row('gone:0', id(2), function(v) return over(v, 9, '\\1') end)"},
    {"tombstones", "return row('gone:0', id(2), function(v) return more(v, 1, 1e13) end)"},
    {"tombstones", "return row('gone:0', id(2), function(v) return v:sub(2) end)"},
    {"content", "return row('rec', id(5), function(v) return v:sub(1, 21) end)"},
    {"content", "return row('rec', id(5), function(v) return over(v, 19, '\\5') end)"},
    {"content", "return row('rec', id(3), function(v) return over(v, 19, '\\4') end)"},
    {"content", "return row('rec', id(3), function(v) return over(v, 23, '\\9') end)"},
    {"content", "return row('live', id(1), function(v) return v:sub(1, 47) end)"},
    {"content", "return row('live', id(3), function(v) return v .. 'x' end)"},
    {"content", "return row('live', id(3), function(v) return over(v, 16, '\\99') end)"},
    {"content", "return row('live', id(3), function(v) return over(v, 2, '\\0') end)"},
    {"content", "return row('live', id(1), function(v) return over(v, 2, '\\0'):sub(1, 16) end)"},
    {"content", "return call('hset', key('live'), id(5), '')"},
    {"content", "return call('hset', key('live'), id(11), '')"},
    {"arrivals", "return call('del', key('a:0'))"},
    {"arrivals", "return text('a:0', function(v) return v:sub(1, -17) end)"},
    {"arrivals", "return text('a:0', function(v) return over(v, #v - 15, id(98)) end)"},
    {"arrivals", "return call('hset', key('ac'), '0', '7') + 1"},
    {"arrivals", "return call('zadd', key('ai'), 99, '99')"},
    {"arrivals", "return call('zadd', key('ai'), '1e18', 'x')"},
    {"arrivals", "return call('zadd', key('ai'), 'inf', 'x')"},
    {"arrivals", "return call('zadd', key('ai'), -5, '-5')"},
    {"arrivals", "return call('zadd', key('ai'), 0, '00')"},
    {"arrivals", "return call('zrem', key('ai'), '0')"},
    {"arrivals", "return call('del', key('a:0'), key('ai'), key('ac')) / 3"},
    {"arrivals", "return call('hset', key('ac'), '99', '1')"},
    {"gates", "return row('gate', 'g', function(v) return more(v, 1, 1) end)"},
    {"gates", "return row('gate', 'g', function(v) return more(v, 9, 1) end)"},
    {"gates", "return row('gate', 'g', function(v) return more(v, 17, 1) end)"},
    {"gates", "return row('gate', 'g', function(v) return v:sub(2) end)"},
    {"gates", "return call('hdel', key('gate'), 'g')"},
    {"gates", "return call('zrem', key('gn'), 'g')"},
    {"gates", "return call('zadd', key('gn'), 0, 'zz')"},
    {"gates", "return call('zadd', key('gidle'), 1, 'g')"},
    {"gates", "return call('zadd', key('gdue'), 1, 'h')"},
    {"gates", "return call('zadd', key('gopen'), 1, 'zz')"},
    {"flows", "return call('hdel', key('flow'), A)"},
    {"flows", "return row('flow', A, function(v) return more(v, 9, 1) end)"},
    {"flows", "return row('flow', A, function(v) return more(v, 17, 1) end)"},
    {"flows", "return row('flow', A, function(v) return over(v, 25, '\\1') end)"},
    {"flows", "return row('flow', A, function(v) return over(v, 26, '\\0') end)"},
    {"flows", "return row('flow', A, function(v) return over(v, 26, '\\1z') end)"},
    {"flows", "return row('flow', A, function(v) return v:sub(1, 20) end)"},
    {"flows", "return call('del', key('f:' .. A))"},
    {"flows", "return call('zadd', key('f:' .. A), -1, 'x')"},
    {"flows", "return call('zrem', key('st:0' .. G .. 'a'), best('st:0' .. G .. 'a'))"},
    {"flows", "return call('zrem', key('away:a'), A)"},
    {"seats", "return row('seat', G .. 'a', function(v) return more(v, 1, 1) end)"},
    {"seats", "return row('seat', G .. 'a', function(v) return more(v, 9, 1) end)"},
    {"seats", "return row('seat', G .. 'a', function(v) return more(v, 17, 1) end)"},
    {"seats", "return row('seat', '\\0a', function(v) return more(v, 25, 1) end)"},
    {"seats", "return row('seat', '\\0a', function(v) return over(v, 33, '\\0') end)"},
    {"seats", "return row('seat', '\\0', function(v) return over(v, 33, '\\0') end)"},
    {"seats", "return row('seat', '\\0a', function(v) return v:sub(2) end)"},
    {"seats", "return call('hdel', key('seat'), '\\0')"},
    {"seats", "return call('hdel', key('seat'), '\\0a')"},
    {"seats", "return call('zrem', key('ring:\\0'), 'a')"},
    {"seats", "return call('zadd', key('ring:\\0'), 1, 'zz')"},
    {"seats", "return flow(2, 1)"},
    {"seats", "return flow(3, 1)"},
    {"watched", "return call('sadd', key('watch'), id(1))"},
    {"watched", "return call('sadd', key('watch'), id(99))"},
};

// How many changes the server has made.
std::string changes(const RedisServer& server) {
  const std::string info = server.cli({"INFO", "persistence"});
  const std::size_t at = info.find("rdb_changes_since_last_save:");
  return info.substr(at, info.find('\n', at) - at);
}

void fill(DurableBackend& b, int tasks, std::string_view queue = "q") {
  for (int n = 1; n <= tasks;) {
    std::vector<NewTask> batch;
    for (int i = 0; i < 250 && n <= tasks; ++i) batch.push_back(task(n++, queue));
    REQUIRE(b.enqueue(batch, nullptr));
  }
}

}  // namespace

TEST_CASE("an audit of a sound store finds nothing, and leaves it as it was") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.socket_url());
  furnish(*b);
  const std::string before = changes(server);
  const Audited seen = audit(*b);
  INFO(told(seen));
  CHECK(seen.broken == 0);
  CHECK(seen.tasks == 9 + 18);
  CHECK(changes(server) == before);
  REQUIRE(query<Leadership>(*b)->campaign("x", "me", Millis(10)));
  REQUIRE(query<Registry>(*b)->put({.name = "d", .value = "v", .revision = 0}));
  CHECK(audit(*b).broken == 0);
}

TEST_CASE("an audit finds nothing where the clock was set back") {
  RedisServer server;
  TurnedHost host;
  const auto b = open(host, server.socket_url(), {{"clock", std::string("host")}});
  NewTask t = task(1);
  t.unique = "u";
  t.unique_for = std::chrono::hours(1);
  must_put(*b, t);
  host.clock.turn(std::chrono::hours(2));
  REQUIRE(b->trim({.queue = "q"}));
  CHECK(told(audit(*b)).empty());
  host.clock.turn(-std::chrono::hours(2));
  CHECK(told(audit(*b)).empty());
  must_settle(*b, settlement(claim(*b, 1)->leased.at(0)));
  CHECK(told(audit(*b)).empty());
}

TEST_CASE("an audit names the rule that is broken") {
  RedisServer server;
  testing::TestHost host;
  for (const Damage& damage : kDamages) {
    INFO(damage.rule << ", " << damage.lua);
    server.cli({"FLUSHALL"});
    const auto b = open(host, server.socket_url());
    furnish(*b);
    REQUIRE(server.cli({"EVAL", std::string(kHands) + damage.lua, "0"}) == "1");  // else it struck nothing
    const Audited seen = audit(*b);
    INFO(told(seen));
    CHECK(seen.broken == seen.violations.size());
    CHECK(std::ranges::any_of(seen.violations, [&](const Violation& v) {
      return v.rule == damage.rule && !v.where.empty() && !v.what.empty();
    }));
  }
}

TEST_CASE("an audit says where, and names no more than it is asked to") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.socket_url());
  furnish(*b);
  server.cli({"EVAL", std::string(kHands) + "count(7, 4) return call('zincrby', key('ready'), 1, member(5))", "0"});
  const Audited all = audit(*b);
  REQUIRE(all.broken == 3);  // what the leases list is less, too
  CHECK(all.violations[0].where == "q, leased");
  CHECK(all.violations[0].what == "it is said to be 7, but is 3");
  CHECK(all.violations[1].where == "q, task 00000000-0000-0000-0000-000000000005");
  const Audited few = audit(*b, 1);
  CHECK(few.broken == 3);
  CHECK(few.violations.size() == 1);
}

TEST_CASE("an audit looks at a long queue part by part, and finds what is wrong in the last one") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.socket_url());
  constexpr int kTasks = 10'000;
  fill(*b, kTasks);
  const long before = redis::told(server, "evalsha");
  const Audited sound = audit(*b);
  INFO(told(sound));
  CHECK(sound.broken == 0);
  CHECK(sound.tasks == kTasks);
  CHECK(redis::told(server, "evalsha") - before > 2 * kTasks / 1000);  // in the order of arrival, and in that of turns
  CHECK(redis::told(server, "keys") + redis::told(server, "hgetall") == 0);
  REQUIRE(server.cli({"EVAL", std::string(kHands) + "return call('zrem', key('ready'), best('ready'))", "0"}) == "1");
  CHECK(audit(*b).broken == 3);  // the task, how many are ready, and so how many must be leased
  REQUIRE(server.cli({"ZREMRANGEBYRANK", "{penstock:q}:ready", "0", "-1"}) == std::to_string(kTasks - 1));
  const Audited many = audit(*b, 10);
  CHECK(many.broken == kTasks + 2);
  CHECK(many.violations.size() == 10);
}

TEST_CASE("an audit looks at a few large bodies at a time, and at the chunk that they are in all the same") {
  RedisServer server;
  TurnedHost host;
  const auto b = open(host, server.socket_url(), {{"clock", std::string("host")}});
  const std::string body(256 * 1024, 'x');
  constexpr int kTasks = 60;
  for (int n = 1; n <= kTasks; ++n) {
    NewTask t = task(n);
    t.body = body;
    must_put(*b, t);
  }
  const auto leased = claim(*b, 5);
  REQUIRE(leased->leased.size() == 5);
  for (const Leased& l : leased->leased) must_settle(*b, settlement(l));
  for (int i = 0; i < 2; ++i) {  // forgets them
    host.clock.turn(std::chrono::hours(24 * 400));
    REQUIRE(b->trim({.queue = "q"}));
  }
  const long before = redis::told(server, "evalsha");
  const Audited sound = audit(*b);
  INFO(told(sound));
  CHECK(sound.broken == 0);
  CHECK(sound.tasks == kTasks - 5);
  CHECK(redis::told(server, "evalsha") - before > 2 * 15 / 2);  // twice 15 MiB
  must_put(*b, task(1));                                        // in the same chunk, at its end
  const Audited again = audit(*b);
  INFO(told(again));
  CHECK(again.broken == 0);
  CHECK(again.tasks == kTasks - 4);
  server.cli({"HINCRBY", "{penstock:q}:ac", "0", "1"});
  const Audited seen = audit(*b);
  REQUIRE(seen.broken == 1);
  CHECK(seen.violations[0].where == "q, chunk 0, ended");
  CHECK(seen.violations[0].what == "it is said to be 6, but is 5");
}

TEST_CASE("sums over many leases and flows are compared when nothing changed meanwhile") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.socket_url());
  const Limit none{.running = 0};
  REQUIRE(query<Gates>(*b)->limit("q", "g", Layer::operator_, &none));
  const std::string_view gate = "g";
  std::vector<std::string> keys;
  for (int n = 0; n < 1500; ++n) keys.push_back("key" + std::to_string(n));
  fill(*b, 1500);
  for (int i = 0; i < 3; ++i) REQUIRE(claim(*b, 500)->leased.size() == 500);
  for (int n = 0; n < 1500; n += 250) {
    std::vector<NewTask> batch;
    for (int i = n; i < n + 250; ++i) {
      batch.push_back(task(2000 + i));
      batch.back().fair = keys[static_cast<std::size_t>(i)];
      batch.back().gates = std::span(&gate, 1);
    }
    REQUIRE(b->enqueue(batch, nullptr));
  }
  const Audited sound = audit(*b);
  INFO(told(sound));
  CHECK(sound.broken == 0);
  REQUIRE(server.cli({"EVAL", std::string(kHands) + "return flow(3, 1)", "0"}) == "1");
  const Audited seen = audit(*b);
  REQUIRE(seen.broken == 1);
  CHECK(seen.violations[0].where == "q, open line, flows at gates");
  CHECK(seen.violations[0].what == "it is said to be 1501, but is 1500");
}

TEST_CASE("an audit that cannot compare its sums tries again, but finds nothing twice") {
  RedisServer server;
  TurnedHost host;
  const auto b = open(host, server.socket_url(), {{"clock", std::string("host")}});
  const Limit none{.running = 0};
  REQUIRE(query<Gates>(*b)->limit("q", "g", Layer::operator_, &none));
  const std::string_view gate = "g";
  for (int n = 0; n < 600; ++n) {
    const std::string key = "key" + std::to_string(n);
    NewTask t = task(n);
    t.fair = key;
    t.gates = std::span(&gate, 1);
    must_put(*b, t);
  }
  const std::string damage = "for n = 0, 599 do call('del', key('away:key' .. n)) end return 1";
  REQUIRE(server.cli({"EVAL", std::string(kHands) + damage, "0"}) == "1");
  int scripts = 0;
  host.clock.read = [&] { ++scripts; };
  const Audited busy = audit(*b);  // as long as the clock stands, others may write at the time of the last write
  const int while_busy = std::exchange(scripts, 0);
  host.clock.turn(Millis(1));
  const Audited quiet = audit(*b);
  CHECK(quiet.broken == 2 * 600);
  CHECK(busy.broken == quiet.broken);
  CHECK(while_busy == scripts + 4 * 2);
}

TEST_CASE("an audit looks at every node of a cluster") {
  testing::RedisCluster cluster;
  testing::TestHost host;
  const auto b = open(host, cluster.url(), {{"cluster", true}});
  for (const char* queue : {"a", "b", "c", "d", "e", "f"}) fill(*b, 20, queue);
  const Audited seen = audit(*b);
  INFO(told(seen));
  CHECK(seen.broken == 0);
  CHECK(seen.tasks == 6 * 20);
  const auto plain = open(host, cluster.url(), {{"cluster", true}, {"prefix", std::string("other")}});
  CHECK(audit(*plain).tasks == 0);  // what is not of this prefix is left alone
}

}  // namespace penstock::redis
