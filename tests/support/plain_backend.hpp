// A backend with the mandatory methods and no capability: it keeps nothing and has nothing.
#pragma once

#include <memory>
#include <vector>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/plugin.hpp>

namespace penstock::testing {

class PlainBackend : public DurableBackend {
 public:
  static Result<std::unique_ptr<DurableBackend>> open(Host&, const Settings&) {
    return std::unique_ptr<DurableBackend>(std::make_unique<PlainBackend>());
  }

  Properties properties() const noexcept override { return {}; }
  Result<Exchanged> exchange(const Exchange& x) noexcept override {
    return Exchanged{.settled = std::vector<Item>(x.settle.size(), Item::not_found),
                     .extended = std::vector<Extended>(x.extend.size())};
  }
  Result<std::vector<Admission>> enqueue(std::span<const NewTask>, const Guard*) noexcept override {
    return Error{Errc::unsupported, "this backend keeps nothing"};
  }
  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override {
    return std::vector<Item>(keys.size(), Item::not_found);
  }
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    return std::vector<std::optional<Record>>(keys.size());
  }
  Result<std::vector<Counts>> counts() noexcept override { return std::vector<Counts>(); }
  Result<std::uint64_t> trim(const Retention&) noexcept override { return std::uint64_t{0}; }
};

}  // namespace penstock::testing
