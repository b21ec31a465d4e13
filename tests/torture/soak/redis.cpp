// The store on a Redis server: one that is killed and started again, that forgets its scripts, and behind a bad
// network.
#include "support/fault_proxy.hpp"
#include "support/redis/server.hpp"
#include "torture/soak/census.hpp"
#include "torture/soak/ground.hpp"

namespace penstock::torture {
namespace {

using Kind = testing::NetworkFault::Kind;

class Redis final : public Ground {
 public:
  explicit Redis(const Surroundings& around) : around_(around) {}

  StorePlace place() const override {
    return {"redis",
            {{"url", "redis://127.0.0.1:" + std::to_string(network_.port())},
             {"prefix", "soak"},
             {"durability", "power"},
             {"timeout", "1s"},
             {"remember", kRemember}}};
  }

  // Both ends of all connections are in this process, and after a fault they are opened as they are needed.
  double spare_descriptors() const override { return 16; }

  std::vector<Misfortune> misfortunes(TaskManager&) override {
    return {{"restarts", [this] { server_.restart(); }},
            {"script flushes",
             [this] {
               server_.cli({"SCRIPT", "FLUSH"});
             }},
            {"cuts", [this] { harm(Kind::cut); }},
            {"resets", [this] { harm(Kind::reset); }},
            {"delays", [this] { harm(Kind::delay); }},
            {"half-open", [this] {
               harm(Kind::half_open);
               around_.wait(kPastTheLease);
               network_.reset_half_open();
             }}};
  }
  std::vector<Size> sizes() const override {
    return {{"octets used", {.absolute = 1 << 20, .share = 0.2}}, {"keys", {.absolute = 50}}};
  }
  std::vector<double> measure(TaskManager&) const override {
    const std::string info = server_.cli({"INFO"});
    return {number(info, "\nused_memory:"), number(info, "\ndb0:keys=")};
  }

 private:
  static double number(const std::string& info, const std::string& before) {
    const std::size_t at = info.find(before);
    return at == std::string::npos ? 0 : std::stod(info.substr(at + before.size()));
  }
  // Waits until it has happened: somebody is always saying something.
  void harm(Kind kind) {
    testing::NetworkFault fault;
    fault.kind = kind;
    fault.to = around_.random() % 2 == 0 ? testing::NetworkFault::To::client : testing::NetworkFault::To::server;
    fault.at = around_.random() % 2'000;
    fault.time = Millis(100 + around_.random() % 1'500);  // some are longer than a call may take
    const std::uint64_t wanted = network_.happened() + 1;
    network_.arm(fault);
    if (!network_.happens(wanted, std::chrono::steady_clock::now() + Census::kStuck))
      throw Violation(Harm::stuck, "nobody has said anything for a minute");
  }

  const Surroundings around_;
  testing::RedisServer server_{
      {"--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-min-size", "4mb"}};
  testing::FaultProxy network_{server_.port()};
};

}  // namespace

std::unique_ptr<Ground> redis_ground(const Surroundings& around) { return std::make_unique<Redis>(around); }

}  // namespace penstock::torture
