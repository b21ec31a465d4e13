// The backend `filesystem`: takes its turn in the log for each call, and answers from its own copy of the store.
#include <cerrno>
#include <fstream>
#include <memory>
#include <mutex>
#include <random>
#include <system_error>
#include <time.h>

#include <penstock/plugin/plugin.hpp>

#include "files.hpp"
#include "log.hpp"
#include "request.hpp"

namespace filesystem {
namespace {

constexpr Setting kSettings[] = {
    {.key = "path", .kind = Kind::string, .fallback = nullptr, .doc = "The folder; created when there is none."},
    {.key = "sync",
     .kind = Kind::boolean,
     .fallback = "true",
     .doc = "Whether a task is on the disk before it is accepted, so that it survives a power cut."},
};

class Backend final : public DurableBackend {
 public:
  Backend(TimeSource* time, std::string folder, bool sync) : time_(time), sync_(sync), log_(std::move(folder), sync) {}

  static Result<std::unique_ptr<DurableBackend>> open(Host& host, const Settings& settings) {
    const std::string folder(settings.text("path"));
    if (folder.empty() || folder[0] != '/') return Error{Errc::invalid, "path: expected an absolute path"};
    return told([&]() -> Result<std::unique_ptr<DurableBackend>> {
      return std::unique_ptr<DurableBackend>(std::make_unique<Backend>(
          static_cast<TimeSource*>(host.query(TimeSource::kId)), folder, settings.flag("sync")));
    });
  }

  Properties properties() const noexcept override {
    Properties p;
    p.features = kStrictOrder;
    p.max_batch = kMaxBatch;
    p.max_body = kMaxBody;
    p.durability = sync_ ? "power" : "process";
    p.remembers_ids = kRemember;
    return p;
  }

  Result<Exchanged> exchange(const Exchange& x) noexcept override {
    return change(
        [&] { return wrong(x); },
        [&](const Store& store, const Reading& now) { return store.changes(x, now) ? request(x, now) : std::string(); },
        [&](Store& store, const Reading& now) { return store.exchange(x, now); });
  }
  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard* guard) noexcept override {
    return change([&] { return wrong(tasks, guard); },
                  [&](const Store&, const Reading& now) { return request(tasks, now); },
                  [&](Store& store, const Reading& now) { return store.enqueue(tasks, now); });
  }
  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override {
    return change([&] { return wrong(keys); }, [&](const Store&, const Reading& now) { return request(keys, now); },
                  [&](Store& store, const Reading& now) { return store.cancel(keys, now); });
  }
  Result<std::uint64_t> trim(const Retention& r) noexcept override {
    return change(
        [&] { return wrong(r); },
        [&](const Store& store, const Reading& now) { return store.changes(r, now) ? request(r, now) : std::string(); },
        [&](Store& store, const Reading& now) { return store.trim(r, now); });
  }
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    return change([&] { return wrong(keys); }, [](const Store&, const Reading&) { return std::string(); },
                  [&](const Store& store, const Reading& now) { return store.get(keys, now); });
  }
  Result<std::vector<Counts>> counts() noexcept override {
    return change([] { return std::optional<Error>(); }, [](const Store&, const Reading&) { return std::string(); },
                  [](const Store& store, const Reading&) { return store.counts(); });
  }

 private:
  // Appends what `say` makes of the call, as often as somebody else is first, and then makes it. Nothing to
  // say: it changes nothing.
  template <class Wrong, class Say, class Make>
  auto change(Wrong wrong, Say say, Make make) noexcept -> Result<decltype(make(std::declval<Store&>(), Reading{}))> {
    using Answer = Result<decltype(make(std::declval<Store&>(), Reading{}))>;
    return told([&]() -> Answer {
      if (auto error = wrong()) return *error;
      std::lock_guard lock(mutex_);
      for (;;) {
        Store& store = log_.now();
        const Reading at = now();
        const std::string request = say(store, at);
        if (request.empty()) return make(store, at);
        if (!log_.append(request)) continue;
        store.tick(at);
        Answer answer = make(store, at);
        log_.made();
        return answer;
      }
    });
  }

  // What the storage throws, as values.
  template <class F>
  static auto told(F&& f) noexcept -> decltype(f()) {
    return guard([&]() -> decltype(f()) {
      try {
        return f();
      } catch (const Uncertain& e) {
        return Error{Errc::unknown_outcome, e.what(), true};
      } catch (const std::system_error& e) {
        const bool full = e.code().value() == ENOSPC || e.code().value() == EDQUOT;
        return Error{full ? Errc::resource_exhausted : Errc::unavailable, e.what(), true};
      } catch (const std::runtime_error& e) {
        return Error{Errc::data_regression, e.what()};
      }
    });
  }

  Reading now() const {
    if (time_) return {time_->wall(), time_->boot(), machine_};
    timespec boot{};
    clock_gettime(CLOCK_BOOTTIME, &boot);
    return {std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()),
            Millis(std::int64_t{boot.tv_sec} * 1000 + boot.tv_nsec / 1'000'000), machine_};
  }
  // Of this machine since its start; a new name for each object where the kernel does not tell.
  static std::string machine() {
    std::string out;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> out;
    return out.empty() ? std::to_string(std::random_device{}()) : out;
  }

  TimeSource* const time_;
  const bool sync_;
  const std::string machine_ = machine();
  std::mutex mutex_;
  Log log_;
};

}  // namespace
}  // namespace filesystem

PENSTOCK_PLUGIN(filesystem, "0.1.0", "MIT",
                penstock::component<penstock::DurableBackend, filesystem::Backend>(
                    "filesystem", "Tasks in a folder, for storage that has nothing but files.", filesystem::kSettings));
