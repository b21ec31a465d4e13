// A Cluster of which one node is away: what the others answer counts.
#include "support/redis/cluster.hpp"

#include <algorithm>
#include <set>

#include "fixture.hpp"

namespace penstock::redis {
namespace {

using testing::RedisCluster;

// A Cluster, a queue on a node that stays, and one on a node that will be killed; and the tasks 1 to 4 in each.
struct Lab {
  RedisCluster servers{{"--cluster-require-full-coverage", "no", "--appendonly", "yes", "--appendfsync", "always",
                        "--cluster-replica-no-failover", "yes"}};
  TurnedHost host;
  std::unique_ptr<DurableBackend> b;
  std::string stays, dies;
  RedisServer* victim = nullptr;

  Lab() {
    const RedisServer* names = &owner("{penstock}");
    for (int i = 0; stays.empty() || dies.empty(); ++i) {
      const std::string queue = "q" + std::to_string(i);
      RedisServer& at = owner("{penstock:" + queue + "}");
      if (&at == names) {
        stays = queue;
      } else if (dies.empty()) {
        dies = queue, victim = &at;
      }
    }
    b = open(host, names->url(), {{"cluster", true}});
    for (int i = 1; i <= 4; ++i) {
      const std::vector<NewTask> both{task(i, stays), task(i, dies)};
      const auto entered = b->enqueue(both, nullptr);
      for (const Admission& a : *entered) REQUIRE(a.what == Item::ok);
    }
  }
  RedisServer& owner(const std::string& key) {
    return servers.owner(static_cast<unsigned>(std::stoul(servers.node(0).cli({"CLUSTER", "KEYSLOT", key}))));
  }
  std::vector<Share> shares(std::uint32_t quota) const { return {{dies, quota}, {stays, quota}}; }
  Result<Exchanged> claim(std::uint32_t limit, std::uint32_t begin = 0) {
    const std::vector<Share> all = shares(limit);
    Exchange x;
    x.claim = all;
    x.limit = limit, x.begin = begin;
    x.lease = std::chrono::minutes(5);
    return b->exchange(x);
  }
};

std::string queue_of(const Leased& l) { return l.queue; }

}  // namespace

TEST_CASE("one node that is away takes nothing from the answers of the others") {
  Lab lab;
  const auto first = lab.claim(4);
  REQUIRE(first->leased.size() == 4);
  const auto held = [&](const std::string& queue) -> const Leased& {
    return *std::find_if(first->leased.begin(), first->leased.end(), [&](const Leased& l) { return l.queue == queue; });
  };
  // All of the first queue, then none of the other: one more of each.
  REQUIRE(queue_of(first->leased.front()) == lab.dies);
  const std::vector<Share> other{{lab.stays, 1}};
  Exchange more;
  more.claim = other, more.limit = 1, more.lease = std::chrono::minutes(5);
  const auto second = lab.b->exchange(more);
  REQUIRE(second->leased.size() == 1);
  lab.victim->kill();

  const std::vector<Settlement> ends{settlement(held(lab.dies)), settlement(second->leased[0])};
  const std::vector<Held> kept{{lab.dies, held(lab.dies).epoch}, {lab.stays, second->leased[0].epoch}};
  const std::vector<Share> shares = lab.shares(5);
  Exchange x;
  x.settle = ends;
  x.claim = shares, x.limit = 5, x.begin = 2;
  x.lease = std::chrono::minutes(5);
  const auto answer = lab.b->exchange(x);
  REQUIRE(answer);
  CHECK(answer->settled == std::vector<Item>{Item::unknown, Item::ok});
  REQUIRE(answer->leased.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(answer->leased[i].queue == lab.stays);
    CHECK(answer->leased[i].begun == (i < 2));
  }
  REQUIRE(answer->next_due);  // nothing will ring for the other queue
  CHECK(*answer->next_due > Millis(0));
  CHECK(*answer->next_due < std::chrono::seconds(2));
  CHECK(lab.host.said.find("1 of 2") != std::string::npos);

  Exchange keep;
  const std::vector<Held> both{kept[0], {lab.stays, answer->leased[0].epoch}};
  keep.extend = both;
  keep.lease = std::chrono::minutes(5);
  const auto extended = lab.b->exchange(keep);
  REQUIRE(extended);
  CHECK(extended->extended[0].what == Item::unknown);
  CHECK(extended->extended[1].what == Item::ok);

  const std::vector<NewTask> new_ones{task(7, lab.dies), task(7, lab.stays)};
  const auto entered = lab.b->enqueue(new_ones, nullptr);
  REQUIRE(entered);
  CHECK(entered->at(0).what == Item::unknown);
  CHECK(entered->at(1).what == Item::ok);

  const std::vector<TaskKey> keys{{lab.dies, id(4)}, {lab.stays, id(7)}};
  const auto cancelled = lab.b->cancel(keys);
  REQUIRE(cancelled);
  CHECK(*cancelled == std::vector<Item>{Item::unknown, Item::ok});

  const auto alone = put(*lab.b, task(8, lab.dies));  // nothing was reached
  REQUIRE(!alone);
  CHECK(alone.error().retryable);

  lab.victim->start();
  const auto again = insist([&] { return settle(*lab.b, held(lab.dies)); });
  REQUIRE(again);
  CHECK(*again == Item::ok);
}

}  // namespace penstock::redis
