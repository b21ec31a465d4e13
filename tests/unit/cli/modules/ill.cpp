// A backend that keeps nothing, and worse: the build says by ILLNESS what it does when tasks are cancelled.
#include <cstdlib>
#include <unistd.h>

#include "support/plain_backend.hpp"

namespace {

using namespace penstock;

class Ill final : public DurableBackend {
 public:
  static Result<std::unique_ptr<DurableBackend>> open(Host& host, const Settings&) {
    return std::unique_ptr<DurableBackend>(std::make_unique<Ill>(host));
  }
  explicit Ill(Host& host) { (void)host.query(TimeSource::kId); }

  Properties properties() const noexcept override { return plain_.properties(); }
  Result<Exchanged> exchange(const Exchange& x) noexcept override { return plain_.exchange(x); }
  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard*) noexcept override {
    return std::vector<Admission>(tasks.size());
  }
  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override {
    ILLNESS;
    return plain_.cancel(keys);
  }
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    return plain_.get(keys);
  }
  Result<std::vector<Counts>> counts() noexcept override { return plain_.counts(); }
  Result<std::uint64_t> trim(const Retention& r) noexcept override { return plain_.trim(r); }

 private:
  testing::PlainBackend plain_;
};

}  // namespace

#define PLUGIN(id, ...) PENSTOCK_PLUGIN(id, __VA_ARGS__)  // the name is a macro: it is to be expanded first
PLUGIN(ID, "1.0", "MIT", component<DurableBackend, Ill>(NAME, "It is not well."));
