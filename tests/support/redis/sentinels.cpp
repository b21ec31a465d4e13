#include "support/redis/sentinels.hpp"

#include <fstream>
#include <stdexcept>

#include "support/ports.hpp"

namespace penstock::testing {

Sentinels::Sentinels(const std::vector<std::string>& more) {
  servers_[0] = std::make_unique<RedisServer>(more);
  const std::string master = std::to_string(first().port());
  std::vector<std::string> follows = more;
  follows.insert(follows.end(), {"--replicaof", "127.0.0.1 " + master});
  servers_[1] = std::make_unique<RedisServer>(follows);
  second().said("Finished with success");
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    ports_[i] = free_port();
    const std::string file = folder_ / ("sentinel" + std::to_string(i) + ".conf");
    // They reconnect once a second, and lose their connections to whom they promote: a second or less would have them
    // take the new master for lost.
    std::ofstream(file) << "port " << ports_[i] << "\nbind 127.0.0.1\ndir " << folder_.path() << "\nsentinel monitor "
                        << kMaster << " 127.0.0.1 " << master << " 2\nsentinel down-after-milliseconds " << kMaster
                        << " 1500\nsentinel failover-timeout " << kMaster << " 3000\n";
    sentinels_[i] = std::make_unique<Process>(std::vector<std::string>{"redis-sentinel", file}, folder_ / "log");
  }
  for (auto& sentinel : sentinels_) {
    if (!sentinel->said("+slave slave") || !sentinel->said("+sentinel sentinel", 2))
      throw std::runtime_error("the sentinels do not find each other; is redis-sentinel installed?");
  }
}

std::string Sentinels::cli(std::size_t sentinel, const std::vector<std::string>& words) const {
  std::vector<std::string> argv{"redis-cli", "-p", std::to_string(ports_[sentinel])};
  argv.insert(argv.end(), words.begin(), words.end());
  return run(argv);
}

void Sentinels::switched(std::size_t times) {
  for (auto& sentinel : sentinels_) {
    if (!sentinel->said("+switch-master", times)) throw std::runtime_error("the sentinels named no new master");
  }
}

}  // namespace penstock::testing
