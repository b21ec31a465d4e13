// Slots of a Cluster that move while queues in them are used.
#include "fixture.hpp"
#include "support/redis/cluster.hpp"

namespace penstock::redis {
namespace {

using testing::RedisCluster;

// A Cluster, and a queue whose slot goes from the node that has it to another.
struct Move {
  RedisCluster servers;
  TurnedHost host;
  std::unique_ptr<DurableBackend> b = open(host, servers.url(), {{"cluster", true}, {"timeout", std::string("300ms")}});
  const unsigned slot = static_cast<unsigned>(std::stoul(servers.node(0).cli({"CLUSTER", "KEYSLOT", "{penstock:q}"})));
  RedisServer& from = servers.owner(slot);
  RedisServer& to = &from == &servers.node(0) ? servers.node(1) : servers.node(0);

  void begin() { servers.begin_move(slot, from, to); }
  std::string moved() const { return to.cli({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)}); }
};

// Nothing gets in, out or on; the answer is that it may be tried again.
void away(Move& move, const Leased& held, int number) {
  const std::string there = move.moved();
  const auto entered = put(*move.b, task(number));
  REQUIRE(!entered);
  CHECK(entered.error().code == Errc::unavailable);
  CHECK(entered.error().retryable);
  const auto settled = settle(*move.b, held);
  CHECK((!settled ? settled.error().retryable : *settled == Item::unknown));
  const auto claimed = claim(*move.b, 10);
  CHECK((!claimed ? claimed.error().retryable : claimed->leased.empty()));
  const TaskKey key{"q", id(1)};
  CHECK(!move.b->get({&key, 1}));
  CHECK(move.moved() == there);
}

}  // namespace

TEST_CASE("a queue whose slot moves is away until it has moved, and then all is there") {
  Move move;
  for (int i = 1; i <= 5; ++i) REQUIRE(*put(*move.b, task(i)) == Item::ok);
  const auto first = claim(*move.b, 2);
  REQUIRE(first->leased.size() == 2);

  move.begin();
  away(move, first->leased[0], 6);
  move.servers.move_keys(move.slot, move.from, move.to, 2);  // some here, some there
  REQUIRE(move.moved() == "2");
  away(move, first->leased[0], 7);
  move.servers.move_keys(move.slot, move.from, move.to);
  away(move, first->leased[0], 8);
  move.servers.end_move(move.slot, move.from, move.to);

  REQUIRE(*insist([&] { return settle(*move.b, first->leased[0]); }) == Item::ok);
  REQUIRE(*insist([&] { return put(*move.b, task(9)); }) == Item::ok);
  const auto rest = claim(*move.b, 10);
  REQUIRE(rest);
  std::vector<TaskId> ids;
  for (const Leased& l : rest->leased) ids.push_back(l.id);
  CHECK(ids == std::vector<TaskId>{id(3), id(4), id(5), id(9)});
  CHECK(move.from.cli({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(move.slot)}) == "0");
  CHECK(unsound(*move.b) == "");
}

}  // namespace penstock::redis
