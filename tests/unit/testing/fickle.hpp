// A store that fails on demand, and counts what it is asked.
#pragma once

#include <atomic>
#include <memory>
#include <set>

#include <penstock/plugin/wrapper.hpp>

#include "testing/line.hpp"

struct Trouble {
  std::set<penstock::Call> with;         // which calls are answered `unavailable`
  std::atomic<unsigned> extensions = 0;  // calls that were to extend leases
};

class Fickle final : public penstock::BackendWrapper<Fickle> {
 public:
  // Both outlive this.
  Fickle(penstock::DurableBackend& store, Trouble& trouble)
      : BackendWrapper(std::make_unique<penstock::testing::Loan>(store)), trouble_(trouble) {}

  template <class F>
  auto around(penstock::Call call, F&& next) noexcept -> decltype(next()) {
    if (trouble_.with.contains(call)) return penstock::Error{penstock::Errc::unavailable, "the store is away", true};
    return next();
  }
  penstock::Result<penstock::Exchanged> exchange(const penstock::Exchange& x) noexcept override {
    trouble_.extensions += !x.extend.empty();
    return BackendWrapper::exchange(x);
  }

 private:
  Trouble& trouble_;
};
