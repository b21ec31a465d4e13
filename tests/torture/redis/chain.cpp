#include "torture/redis/chain.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "torture/verdict.hpp"

namespace penstock::torture {
namespace {

using testing::FaultProxy;
using testing::RedisServer;
using Clock = std::chrono::steady_clock;

std::vector<std::string> words(std::uint16_t follows = 0) {
  std::vector<std::string> out{"--appendonly", "yes", "--appendfsync", "no", "--min-replicas-to-write", "1"};
  if (follows) out.insert(out.end(), {"--replicaof", "127.0.0.1 " + std::to_string(follows)});
  return out;
}

void follow(const RedisServer& server, std::uint16_t port) {
  server.cli({"REPLICAOF", "127.0.0.1", std::to_string(port)});
}

void until_it_says(const RedisServer& server, const std::string& text) {
  const auto end = Clock::now() + std::chrono::minutes(1);
  while (server.cli({"INFO", "replication"}).find(text) == std::string::npos) {
    if (Clock::now() > end) throw Violation(Harm::stuck, "a server never comes to " + text);
  }
}

constexpr const char* kFollows = "master_link_status:up";

}  // namespace

Chain::Chain() {
  servers_[0] = std::make_unique<RedisServer>(words());
  link_ = std::make_unique<FaultProxy>(servers_[0]->port());
  servers_[1] = std::make_unique<RedisServer>(words(link_->port()));
  servers_[2] = std::make_unique<RedisServer>(words(servers_[1]->port()));
  for (std::size_t i = 0; i < row_.size(); ++i) row_[i] = servers_[i].get();
  for (auto& way : ways_) way = std::make_unique<FaultProxy>(primary().port());
  wait_until_whole();
}

void Chain::wait_for_replicas(std::chrono::seconds time) {
  primary().cli({"CONFIG", "SET", "min-replicas-max-lag", std::to_string(time.count())});
}

void Chain::promote() {
  row_[1]->cli({"REPLICAOF", "NO", "ONE"});
  std::rotate(row_.begin(), row_.begin() + 1, row_.end());
}

void Chain::lead(std::size_t way) {
  ways_[way]->aim(primary().port());
  ways_[way]->reset_all();
}

void Chain::mend(bool old_lives) {
  link_->disarm();
  link_->aim(primary().port());
  link_->join();
  follow(*row_[1], link_->port());
  until_it_says(*row_[1], kFollows);
  if (old_lives) {
    follow(*row_[2], row_[1]->port());
  } else {
    row_[2]->set_more(words(row_[1]->port()));
    row_[2]->start();
  }
  wait_until_whole();
}

void Chain::wait_until_whole() {
  until_it_says(*row_[1], kFollows);
  until_it_says(*row_[2], kFollows);
  until_it_says(*row_[0], "min_slaves_good_slaves:1");
}

}  // namespace penstock::torture
