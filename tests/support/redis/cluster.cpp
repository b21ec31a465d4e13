#include "support/redis/cluster.hpp"

#include <sstream>
#include <stdexcept>

#include "support/ports.hpp"

namespace penstock::testing {
namespace {

std::string slot_text(unsigned slot) { return std::to_string(slot); }
std::string id(const RedisServer& node) { return node.cli({"CLUSTER", "MYID"}); }

}  // namespace

RedisCluster::RedisCluster(const std::vector<std::string>& more) {
  std::vector<std::string> create{"redis-cli", "--cluster", "create"};
  for (int i = 0; i < 6; ++i) {
    std::vector<std::string> words{
        "--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port", std::to_string(free_port())};
    words.insert(words.end(), more.begin(), more.end());
    nodes_.push_back(std::make_unique<RedisServer>(words));
    create.push_back("127.0.0.1:" + std::to_string(nodes_.back()->port()));
  }
  create.insert(create.end(), {"--cluster-replicas", "1", "--cluster-yes"});
  run(create);
  for (auto& node : nodes_) node->said("Cluster state changed: ok");
  for (std::size_t i = 3; i < nodes_.size(); ++i) nodes_[i]->said("Finished with success");
}

RedisServer* RedisCluster::at(const std::string& address) {
  for (auto& n : nodes_) {
    if (address.find(":" + std::to_string(n->port()) + "@") != std::string::npos) return n.get();
  }
  return nullptr;
}

std::vector<RedisServer*> RedisCluster::masters(const RedisServer* not_this) {
  std::istringstream lines(node(&node(0) == not_this ? 1 : 0).cli({"CLUSTER", "NODES"}));
  std::vector<RedisServer*> out;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string word, address, flags;
    fields >> word >> address >> flags;
    for (int i = 0; i < 5; ++i) fields >> word;
    const bool lost = flags.find("fail") != std::string::npos;
    if (!lost && flags.find("master") != std::string::npos && fields >> word) out.push_back(at(address));
  }
  return out;
}

// Lines of CLUSTER NODES: id host:port@bus[,name] flags master ping pong epoch state ranges...
RedisServer& RedisCluster::owner(unsigned slot, std::size_t asked) {
  std::istringstream lines(node(asked).cli({"CLUSTER", "NODES"}));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string word, address;
    fields >> word >> address;
    for (int i = 0; i < 6; ++i) fields >> word;
    while (fields >> word) {
      const std::size_t dash = word.find('-');
      if (word.front() == '[') continue;
      const unsigned long first = std::stoul(word),
                          last = dash == std::string::npos ? first : std::stoul(word.substr(dash + 1));
      if (slot < first || slot > last) continue;
      if (RedisServer* found = at(address)) return *found;
    }
  }
  throw std::runtime_error("nobody owns slot " + slot_text(slot));
}

void RedisCluster::begin_move(unsigned slot, RedisServer& from, RedisServer& to) const {
  to.cli({"CLUSTER", "SETSLOT", slot_text(slot), "IMPORTING", id(from)});
  from.cli({"CLUSTER", "SETSLOT", slot_text(slot), "MIGRATING", id(to)});
}

void RedisCluster::move_keys(unsigned slot, RedisServer& from, RedisServer& to, unsigned at_most) const {
  std::istringstream keys(from.cli({"CLUSTER", "GETKEYSINSLOT", slot_text(slot), std::to_string(at_most)}));
  std::vector<std::string> words{"MIGRATE", "127.0.0.1", std::to_string(to.port()), "", "0", "5000", "KEYS"};
  for (std::string key; std::getline(keys, key);) {
    if (!key.empty()) words.push_back(key);
  }
  if (words.size() > 7) from.cli(words);
}

void RedisCluster::end_move(unsigned slot, RedisServer& from, RedisServer& to) const {
  const std::string owner = id(to);
  to.cli({"CLUSTER", "SETSLOT", slot_text(slot), "NODE", owner});
  from.cli({"CLUSTER", "SETSLOT", slot_text(slot), "NODE", owner});
}

}  // namespace penstock::testing
