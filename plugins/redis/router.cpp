#include "router.hpp"

#include "failure.hpp"
#include "sentinel.hpp"

namespace penstock::redis {
namespace {

class OneMaster final : public Router {
 public:
  explicit OneMaster(const Setup& setup) : setup_(setup) {
    node_ = std::make_shared<Node>(setup.options.address, setup.options,
                                   [this](Deadline deadline) { return connect(deadline, -1); });
  }

  std::shared_ptr<Node> node_of(std::string_view) override { return node_; }
  std::shared_ptr<Node> node_at(const Address&) override { return node_; }
  std::vector<Address> nodes() override { return {node_->address()}; }
  std::shared_ptr<Node> redirected(std::string_view error, const Node&) override {
    throw Failure({Errc::invalid, "redis: the server is a node of a cluster, which the config does not say (" +
                                      std::string(error) + ")"});
  }
  void doubt(Node&) noexcept override {}
  void forget() noexcept override { node_->forget(); }
  std::unique_ptr<Connection> connect(Deadline deadline, int wake) override {
    if (!setup_.options.master.empty()) return connect_by_sentinels(setup_, deadline, wake);
    return std::make_unique<Connection>(setup_.options.address, setup_, Peer::master, deadline, wake);
  }

 private:
  const Setup& setup_;
  std::shared_ptr<Node> node_;
};

}  // namespace

std::unique_ptr<Router> make_router(const Setup& setup) {
  if (setup.options.cluster) return make_cluster(setup);
  return std::make_unique<OneMaster>(setup);
}

}  // namespace penstock::redis
