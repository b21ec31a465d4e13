// taker URL ASKS RATE BURST: asks the limiter `redis` so often for one token, and prints how many it got.
#include <cstdlib>
#include <iostream>

#include <penstock/plugin/limiter.hpp>

#include "support/open_plugin.hpp"

extern "C" const penstock::PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(redis)() noexcept;

int main(int, char** argv) {
  penstock::testing::TestHost host;
  auto limiter = penstock::testing::open_component<penstock::Limiter>(
      PENSTOCK_PLUGIN_SYMBOL(redis), "redis", host,
      {{"url", std::string(argv[1])}, {"rate", std::string(argv[3])}, {"burst", std::int64_t{std::atoi(argv[4])}}});
  std::uint64_t taken = 0;
  for (int i = std::atoi(argv[2]); i > 0; --i) {
    const auto grant = limiter->acquire("process", 1);
    if (!grant) return 1;
    taken += grant->granted;
    if (i % 7 == 0 && grant->granted == 1) limiter->refund("process", 1), --taken;
  }
  std::cout << taken << "\n";
}
