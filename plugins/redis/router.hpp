// Which node a call goes to: one master, alone or behind sentinels, or the masters of a cluster.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "node.hpp"

namespace penstock::redis {

// Thread: any. What throws throws Failure.
class Router {
 public:
  virtual ~Router() = default;

  // Called before the calls of a batch are routed: the time to look at the world again.
  virtual void prepare(Deadline) {}
  virtual std::shared_ptr<Node> node_of(std::string_view key) = 0;  // empty: any
  virtual std::shared_ptr<Node> node_at(const Address& address) = 0;
  virtual std::vector<Address> nodes() = 0;

  // The node that a MOVED or an ASK of `from` names. A MOVED is remembered.
  virtual std::shared_ptr<Node> redirected(std::string_view error, const Node& from) = 0;
  // A call found that the world is not what it was: the node is gone, is no master, or knows of no cluster.
  virtual void doubt(Node& node) noexcept = 0;
  // There is another master: no connection made until now is used again.
  virtual void forget() noexcept {}

  // For a listener: a connection of its own to any node.
  virtual std::unique_ptr<Connection> connect(Deadline deadline, int wake) = 0;
};

std::unique_ptr<Router> make_router(const Setup& setup);
std::unique_ptr<Router> make_cluster(const Setup& setup);

}  // namespace penstock::redis
