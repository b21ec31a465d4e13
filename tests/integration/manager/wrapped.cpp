#include "wrapped.hpp"

#include "support/open_plugin.hpp"

using namespace penstock;

extern "C" const PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(memory)() noexcept;

namespace {

const Between* next_between = nullptr;
const Error kAway{Errc::unavailable, "away", true};

class Wrapped final : public DurableBackend, public Waiter, public Registry {
 public:
  Wrapped(std::unique_ptr<DurableBackend> inner, const Between& between)
      : inner_(std::move(inner)),
        waiter_(penstock::query<Waiter>(*inner_)),
        registry_(penstock::query<Registry>(*inner_)),
        between_(between) {}

  static Result<std::unique_ptr<DurableBackend>> open(Host& host, const Settings&) {
    auto inner = testing::open_component<DurableBackend>(PENSTOCK_PLUGIN_SYMBOL(memory), "memory", host);
    return std::unique_ptr<DurableBackend>(std::make_unique<Wrapped>(std::move(inner), *next_between));
  }
  void* query(std::string_view id) noexcept override {
    void* own = offer<Waiter, Registry>(this, id);
    return own ? own : inner_->query(id);
  }
  Properties properties() const noexcept override { return inner_->properties(); }
  Result<Exchanged> exchange(const Exchange& x) noexcept override {
    if (refuses(Call::exchange)) return kAway;
    if (between_.before) {
      if (Result<void> go = between_.before(x); !go) return go.error();
    }
    Result<Exchanged> answer = between_.away ? exchange_in_part(x) : inner_->exchange(x);
    if (between_.after) between_.after(x, answer);
    return answer;
  }
  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard* guard) noexcept override {
    if (refuses(Call::enqueue)) return kAway;
    auto answer = between_.away ? enqueue_in_part(tasks, guard) : inner_->enqueue(tasks, guard);
    if (between_.after_enqueue) {
      if (Result<void> told = between_.after_enqueue(tasks); !told) return told.error();
    }
    return answer;
  }
  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override {
    if (refuses(Call::cancel)) return kAway;
    if (between_.away && between_.away(keys[0].queue)) return std::vector<Item>(keys.size(), Item::unknown);
    return inner_->cancel(keys);
  }
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    if (refuses(Call::get)) return kAway;
    return inner_->get(keys);
  }
  Result<std::vector<Counts>> counts() noexcept override {
    if (refuses(Call::counts)) return kAway;
    auto out = inner_->counts();
    if (between_.after_counts) between_.after_counts();
    return out;
  }
  Result<std::uint64_t> trim(const Retention& r) noexcept override {
    if (refuses(Call::trim)) return kAway;
    auto out = inner_->trim(r);
    if (between_.after_trim) between_.after_trim();
    return out;
  }
  Result<std::uint64_t> wait(std::uint64_t bell, Millis at_most) noexcept override {
    if (between_.before_wait) between_.before_wait();
    if (refuses(Call::wait)) return kAway;
    return waiter_->wait(bell, at_most);
  }
  void interrupt() noexcept override { waiter_->interrupt(); }
  Result<std::vector<Document>> list(std::string_view prefix) noexcept override {
    if (refuses(Call::list)) return kAway;
    return registry_->list(prefix);
  }
  Result<std::uint64_t> put(const Document& document) noexcept override {
    if (refuses(Call::put)) return kAway;
    if (between_.before_put) {
      if (Result<void> go = between_.before_put(); !go) return go.error();
    }
    return registry_->put(document);
  }

 private:
  bool refuses(Call call) const { return between_.refuses && between_.refuses(call); }
  Result<Exchanged> exchange_in_part(Exchange x) {
    std::vector<Settlement> there;
    std::vector<bool> away;
    for (const Settlement& s : x.settle) {
      away.push_back(between_.away(s.key.queue));
      if (!away.back()) there.push_back(s);
    }
    x.settle = there;
    auto answer = inner_->exchange(x);
    if (!answer) return answer;
    std::vector<Item> all;
    auto next = answer->settled.begin();
    for (const bool gone : away) all.push_back(gone ? Item::unknown : *next++);
    answer->settled = std::move(all);
    return answer;
  }
  Result<std::vector<Admission>> enqueue_in_part(std::span<const NewTask> tasks, const Guard* guard) {
    std::vector<Admission> out;
    for (const NewTask& t : tasks) {
      if (between_.away(t.key.queue)) {
        out.push_back({Item::unknown, t.key.id});
        continue;
      }
      auto one = inner_->enqueue(std::span(&t, 1), guard);
      if (!one) return one.error();
      out.push_back(one->front());
    }
    return out;
  }

  std::unique_ptr<DurableBackend> inner_;
  Waiter* waiter_;
  Registry* registry_;
  const Between& between_;
};

}  // namespace

PENSTOCK_PLUGIN(wrapped, "0.1.0", "MIT",
                component<DurableBackend, Wrapped, Waiter, Registry, Browser>("wrapped",
                                                                              "Memory, with a test in between."));

PluginEntry wrapped_plugin(const Between& between) {
  next_between = &between;
  return PENSTOCK_PLUGIN_SYMBOL(wrapped);
}
