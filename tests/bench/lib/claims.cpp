#include "bench/lib/claims.hpp"

#include <stdexcept>

#include "bench/lib/clock.hpp"

namespace penstock::bench {
namespace {

void settle(DurableBackend& store, const std::vector<Leased>& leased) {
  std::vector<Settlement> ends;
  for (const Leased& l : leased) ends.push_back({.key = {kQueue, l.id}, .epoch = l.epoch});
  auto settled = store.exchange({.settle = ends});
  if (!settled) throw std::runtime_error(settled.error().message);
  for (const Item item : settled->settled) {
    if (item != Item::ok) throw std::runtime_error("a settlement was refused");
  }
}

}  // namespace

double claim_cost(TaskManager& tasks, std::size_t claims, const std::function<void()>& refill) {
  DurableBackend& store = tasks.backend();
  const Share share{kQueue, kBulk};
  std::int64_t spent = 0;
  for (std::size_t i = 0; i < claims; ++i) {
    const std::int64_t start = now_ns();
    auto took = store.exchange({.claim = {&share, 1}, .limit = kBulk, .lease = Millis(10'000), .worker = "bench"});
    spent += now_ns() - start;
    if (!took || took->leased.size() != kBulk) throw std::runtime_error("a claim came back short");
    settle(store, took->leased);
    refill();
  }
  return double(spent) / double(claims * kBulk) / 1e3;
}

}  // namespace penstock::bench
