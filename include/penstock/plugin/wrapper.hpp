// A base for backends that go around another one, see penstock/plugin/plugin.hpp: all it has to say is
// what it does around a call.
//
//   class Traced final : public penstock::BackendWrapper<Traced> {
//    public:
//     using BackendWrapper::BackendWrapper;
//     template <class F>
//     auto around(penstock::Call call, F&& next) noexcept {  // the call's Result goes out
//       auto answer = next();                                // the inner backend does it
//       if (!answer) note(call, answer.error());
//       return answer;
//     }
//   };
//
// Every call that returns a Result comes through `around`, those of capabilities too, on the thread of the
// caller and many at once. A wrapper that must know what is in a call overrides the method instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

// The methods of a backend and of its capabilities that return a Result.
enum class Call : std::uint8_t {
  exchange,
  enqueue,
  cancel,
  get,
  counts,
  trim,
  wait,       // Waiter
  documents,  // Registry::list
  put,        // Registry
  limit,      // Gates
  hold,       // Gates
  gates,      // Gates
  list,       // Browser
  move,       // Browser
};
inline constexpr std::string_view kCallNames[] = {"exchange",  "enqueue", "cancel", "get",  "counts", "trim", "wait",
                                                  "documents", "put",     "limit",  "hold", "gates",  "list", "move"};
inline constexpr std::size_t kCalls = sizeof kCallNames / sizeof *kCallNames;
constexpr std::string_view name(Call call) noexcept { return kCallNames[static_cast<std::size_t>(call)]; }

template <class Self>
class BackendWrapper : public DurableBackend, public Waiter, public Registry, public Gates, public Browser {
 public:
  explicit BackendWrapper(std::unique_ptr<DurableBackend> inner) noexcept
      : inner_(std::move(inner)),
        waiter_(penstock::query<Waiter>(*inner_)),
        registry_(penstock::query<Registry>(*inner_)),
        gates_(penstock::query<Gates>(*inner_)),
        browser_(penstock::query<Browser>(*inner_)) {}

  // Of a capability that the inner backend has: this object's view if it is one of the four, else the inner
  // one's own, past this wrapper.
  void* query(std::string_view id) noexcept override {
    void* inner = inner_->query(id);
    if (!inner) return nullptr;
    void* own = offer<Waiter, Registry, Gates, Browser>(this, id);
    return own ? own : inner;
  }
  Properties properties() const noexcept override { return inner_->properties(); }

  Result<Exchanged> exchange(const Exchange& e) noexcept override {
    return self().around(Call::exchange, [&] { return inner_->exchange(e); });
  }
  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard* guard) noexcept override {
    return self().around(Call::enqueue, [&] { return inner_->enqueue(tasks, guard); });
  }
  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override {
    return self().around(Call::cancel, [&] { return inner_->cancel(keys); });
  }
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    return self().around(Call::get, [&] { return inner_->get(keys); });
  }
  Result<std::vector<Counts>> counts() noexcept override {
    return self().around(Call::counts, [&] { return inner_->counts(); });
  }
  Result<std::uint64_t> trim(const Retention& retention) noexcept override {
    return self().around(Call::trim, [&] { return inner_->trim(retention); });
  }

  Result<std::uint64_t> wait(std::uint64_t bell, Millis at_most) noexcept override {
    return self().around(Call::wait, [&] { return waiter_->wait(bell, at_most); });
  }
  void interrupt() noexcept override { waiter_->interrupt(); }

  Result<std::vector<Document>> list(std::string_view prefix) noexcept override {
    return self().around(Call::documents, [&] { return registry_->list(prefix); });
  }
  Result<std::uint64_t> put(const Document& document) noexcept override {
    return self().around(Call::put, [&] { return registry_->put(document); });
  }

  Result<void> limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* to) noexcept override {
    return self().around(Call::limit, [&] { return gates_->limit(queue, gate, layer, to); });
  }
  Result<void> hold(std::string_view queue, std::string_view gate, Millis at_most) noexcept override {
    return self().around(Call::hold, [&] { return gates_->hold(queue, gate, at_most); });
  }
  Result<std::vector<GateState>> gates(std::string_view queue) noexcept override {
    return self().around(Call::gates, [&] { return gates_->gates(queue); });
  }

  Result<std::vector<std::pair<TaskId, Record>>> list(const Filter& filter, std::string& next) noexcept override {
    return self().around(Call::list, [&] { return browser_->list(filter, next); });
  }
  Result<std::vector<Item>> move(std::span<const TaskKey> keys, State from, State to, Millis delay) noexcept override {
    return self().around(Call::move, [&] { return browser_->move(keys, from, to, delay); });
  }

 protected:
  DurableBackend& inner() noexcept { return *inner_; }

 private:
  Self& self() noexcept { return static_cast<Self&>(*this); }

  std::unique_ptr<DurableBackend> inner_;
  Waiter* waiter_;  // the capabilities of the inner backend; null: it has none, and query() says so
  Registry* registry_;
  Gates* gates_;
  Browser* browser_;
};

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
