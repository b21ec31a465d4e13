// A backend that keeps nothing, and worse: the build says by ILLNESS what it does when tasks are cancelled, and
// its settings what it tells of itself.
#include <cstdlib>
#include <unistd.h>

#include "support/plain_backend.hpp"

namespace {

using namespace penstock;

class Ill final : public DurableBackend {
 public:
  static Result<std::unique_ptr<DurableBackend>> open(Host& host, const Settings& settings) {
    return std::unique_ptr<DurableBackend>(std::make_unique<Ill>(host, settings));
  }
  Ill(Host& host, const Settings& settings)
      : durability_(settings.text("durability")), writes_(settings.text("writes")), refuses_(settings.flag("refuses")) {
    (void)host.query(TimeSource::kId);
  }

  Properties properties() const noexcept override {
    Properties out = plain_.properties();
    out.durability = durability_.empty() ? nullptr : durability_.c_str();
    return out;
  }
  Result<Exchanged> exchange(const Exchange& x) noexcept override { return plain_.exchange(x); }
  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard*) noexcept override {
    return std::vector<Admission>(tasks.size(), {.what = refuses_ ? Item::invalid : Item::ok});
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
  // Into what the check hears answers from.
  void write() const {
    if (::write(3, writes_.data(), writes_.size()) < 0) std::abort();
  }

  testing::PlainBackend plain_;
  const std::string durability_, writes_;
  const bool refuses_;
};

constexpr Setting kSettings[] = {
    {"path", Kind::string, "", "Where it keeps nothing."},
    {"durability", Kind::string, "memory", "What it says of its durability; empty: none."},
    {"writes", Kind::string, "", "What it writes."},
    {"refuses", Kind::boolean, "false", "Whether it takes no task."},
};

}  // namespace

#define PLUGIN(id, ...) PENSTOCK_PLUGIN(id, __VA_ARGS__)  // the name is a macro: it is to be expanded first
PLUGIN(ID, "1.0", "MIT", component<DurableBackend, Ill>(NAME, "It is not well.", kSettings));
