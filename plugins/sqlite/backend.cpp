// The backend as the seam sees it: checks what needs no store, and hands on to writer and reader.
#include <atomic>
#include <optional>
#include <unistd.h>

#include <penstock/plugin/names.hpp>

#include "../shared/call_checks.hpp"
#include "audit.hpp"
#include "diagnosis.hpp"
#include "place.hpp"
#include "reader.hpp"
#include "writer.hpp"

namespace penstock::sqlite {
namespace {

constexpr Setting kSettings[] = {
    {.key = "path", .kind = Kind::string, .fallback = nullptr, .doc = "The database file; created when there is none."},
    {.key = "durability",
     .kind = Kind::choice,
     .fallback = "power",
     .doc = "What an accepted task survives: a power cut (each commit is synced), or the end of the process.",
     .choices = "power|process"},
    {.key = "busy_timeout",
     .kind = Kind::duration,
     .fallback = "5s",
     .doc = "How long to wait for another process that writes.",
     .min = 1,
     .max = 600'000},
    {.key = "cache",
     .kind = Kind::size,
     .fallback = "8MiB",
     .doc = "Memory for pages of the file, for each of at most three connections.",
     .min = 64 << 10},
    {.key = "max_body",
     .kind = Kind::size,
     .fallback = "1088KiB",
     .doc = "The longest body or note.",
     .min = 1,
     .max = 512 << 20},
    {.key = "remember",
     .kind = Kind::duration,
     .fallback = "10s",
     .doc = "How long the id of an ended task is known at the least.",
     .min = 0},
    {.key = "checkpoint",
     .kind = Kind::size,
     .fallback = "4MiB",
     .doc =
         "Size of the write-ahead log that leads to a checkpoint, half of it when there is nothing else to do; twice "
         "as much disk is kept as a reserve.",
     .min = 64 << 10,
     .max = 1 << 30},
    {.key = "vfs", .kind = Kind::string, .fallback = "", .doc = "Name of a registered SQLite VFS, for tests."},
};

Options read(const Settings& settings) {
  return {.path = std::string(settings.text("path")),
          .vfs = std::string(settings.text("vfs")),
          .power = settings.text("durability") == "power",
          .busy_timeout = settings.duration("busy_timeout"),
          .cache = settings.integer("cache"),
          .checkpoint = settings.integer("checkpoint"),
          .max_body = static_cast<std::uint64_t>(settings.integer("max_body")),
          .remember = settings.duration("remember")};
}

bool has_wal_reset_bug(int version) { return version < 3'051'003 && version != 3'050'007 && version != 3'044'006; }

// SQLite remembers which locks its process holds, and a fork copies that: the child would take its parent's
// locks for its own. So a child of a process that has a database open cannot open one, until it has exec'd.
class Tenant {
 public:
  explicit Tenant(const std::string& path) {
    if (open_ > 0 && process_ != getpid()) {
      throw Failure(Error{Errc::unsupported, path + ": this process was forked from one that had a database open; "
                                                    "it can open none before it executes a program"},
                    0);
    }
    process_ = getpid();
    ++open_;
  }
  ~Tenant() { --open_; }
  Tenant(const Tenant&) = delete;
  Tenant& operator=(const Tenant&) = delete;

 private:
  static constinit inline std::atomic<pid_t> process_{0};
  static constinit inline std::atomic<int> open_{0};
};

// All that must not be touched, not even be destroyed, in a child of the process that made it.
struct Store {
  Store(Host& host, Options with)
      : options(std::move(with)),
        tenant(options.path),
        fresh(prepare_place(options)),
        clock(host),
        bell(options.path + "-bell"),
        reserve(options.path + "-reserve", 2 * options.checkpoint),
        watermark(bell.notes(), options, fresh),
        identity(host, options, clock),
        writer(host, options, clock, bell, reserve, watermark, identity),
        reader(options, clock, identity) {}

  const Options options;
  const Tenant tenant;
  const bool fresh;
  const Clock clock;
  Bell bell;
  Reserve reserve;
  Watermark watermark;
  Identity identity;
  Writer writer;
  Reader reader;
};

class Backend final : public DurableBackend,
                      public Waiter,
                      public Registry,
                      public Browser,
                      public Gates,
                      public Diagnosis,
                      public Audit {
 public:
  explicit Backend(Host& host, Options options)
      : store_(std::make_unique<Store>(host, std::move(options))), durability_(store_->writer.durability()) {}

  ~Backend() override {
    if (getpid() != owner_) (void)store_.release();  // closing here would harm the parent's locks
  }

  static Result<std::unique_ptr<DurableBackend>> open(Host& host, const Settings& settings) {
    return contain([&]() -> Result<std::unique_ptr<DurableBackend>> {
      if (has_wal_reset_bug(sqlite3_libversion_number())) {
        host.log(Level::info, std::string("SQLite ") + sqlite3_libversion() +
                                  " has the WAL-reset bug; Penstock's checkpoints avoid it, but other programs that "
                                  "write to the same file may not");
      }
      return std::make_unique<Backend>(host, read(settings));
    });
  }

  void* query(std::string_view id) noexcept override {
    if (id == Waiter::kId) return static_cast<Waiter*>(this);
    if (id == Registry::kId) return static_cast<Registry*>(this);
    if (id == Browser::kId) return static_cast<Browser*>(this);
    if (id == Gates::kId) return static_cast<Gates*>(this);
    if (id == Diagnosis::kId) return static_cast<Diagnosis*>(this);
    if (id == Audit::kId) return static_cast<Audit*>(this);
    return nullptr;
  }

  Properties properties() const noexcept override {
    return {.features = kUnique | kFair | kGates | kGuard | kChildren | kLimit | kStrictOrder,
            .max_batch = shared::kMaxBatch,
            .in_flight = 2,
            .max_body = store_->options.max_body,
            .durability = durability_.c_str(),
            .remembers_ids = store_->options.remember};
  }

  Result<Exchanged> exchange(const Exchange& x) noexcept override {
    return write<Exchanged>(
        Writer::Need::nothing, [&] { return shared::wrong(x); }, [&](Transaction& t) { return t.exchange(x); });
  }
  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard* guard) noexcept override {
    return write<std::vector<Admission>>(
        Writer::Need::space,
        [&] {
          auto error = shared::wrong(tasks);
          return error || !guard ? error : wrong_document(guard->document, guard->value);
        },
        [&](Transaction& t) { return t.enqueue(tasks, guard); });
  }
  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override {
    return write<std::vector<Item>>(
        Writer::Need::nothing, [&] { return shared::wrong(keys); }, [&](Transaction& t) { return t.cancel(keys); });
  }
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    using Records = std::vector<std::optional<Record>>;
    return mine<Records>([&]() -> Result<Records> {
      if (auto error = shared::wrong(keys)) return *std::move(error);
      store_->bell.arm(Bell::kEnded);  // before the look: an end after it will ring
      return store_->reader.get(keys);
    });
  }
  Result<std::vector<Counts>> counts() noexcept override {
    return mine<std::vector<Counts>>([&] { return store_->reader.counts(); });
  }
  Result<std::uint64_t> trim(const Retention& r) noexcept override {
    return write<std::uint64_t>(
        Writer::Need::nothing, [&] { return shared::wrong(r); }, [&](Transaction& t) { return t.trim(r); });
  }

  Result<std::uint64_t> wait(std::uint64_t bell, Millis at_most) noexcept override {
    return mine<std::uint64_t>([&]() -> Result<std::uint64_t> {
      if (store_->bell.now() == bell) store_->writer.rest();
      return store_->bell.wait(bell, at_most);
    });
  }
  void interrupt() noexcept override {
    if (getpid() == owner_) store_->bell.bump();
  }

  Result<std::vector<Document>> list(std::string_view prefix) noexcept override {
    return mine<std::vector<Document>>([&] { return store_->reader.documents(prefix); });
  }
  Result<std::uint64_t> put(const Document& d) noexcept override {
    return write<std::uint64_t>(
        Writer::Need::space, [&] { return wrong_document(d.name, d.value); },
        [&](Transaction& t) { return t.put(d.name, d.revision, d.value); });
  }

  Result<std::vector<std::pair<TaskId, Record>>> list(const Filter& filter, std::string& next) noexcept override {
    using Page = std::vector<std::pair<TaskId, Record>>;
    return mine<Page>([&] { return store_->reader.list(filter, next); });
  }
  Result<std::vector<Item>> move(std::span<const TaskKey> keys, State from, State to, Millis delay) noexcept override {
    return write<std::vector<Item>>(
        Writer::Need::nothing, [&] { return shared::wrong_move(keys, from, to, delay); },
        [&](Transaction& t) { return t.move(keys, from, delay); });
  }

  Result<void> limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* limit) noexcept override {
    return write<void>(
        Writer::Need::nothing, [&] { return shared::wrong_limit(queue, gate, limit); },
        [&](Transaction& t) { return t.limit(queue, gate, layer, limit); });
  }
  Result<void> hold(std::string_view queue, std::string_view gate, Millis at_most) noexcept override {
    return write<void>(
        Writer::Need::nothing, [&] { return shared::wrong_hold(queue, gate, at_most); },
        [&](Transaction& t) { return t.hold(queue, gate, at_most); });
  }
  Result<std::vector<GateState>> gates(std::string_view queue) noexcept override {
    return mine<std::vector<GateState>>([&] { return store_->reader.gates(queue); });
  }

  Result<std::vector<Finding>> diagnose() noexcept override {
    using Findings = std::vector<Finding>;
    return mine<Findings>([&]() -> Result<Findings> { return sqlite::diagnose(store_->options, durability_); });
  }

  Result<Audited> audit(std::uint32_t at_most) noexcept override {
    return mine<Audited>([&]() -> Result<Audited> {
      store_->identity.verify();
      return sqlite::audit(store_->options, at_most);
    });
  }

 private:
  std::optional<Error> wrong_document(std::string_view name, Bytes value) const {
    return shared::wrong_document(name, value, store_->options.max_body);
  }

  // SQLite forbids the use of a connection in a child of the process that opened it.
  template <class T, class F>
  Result<T> mine(F&& f) noexcept {
    return contain([&]() -> Result<T> {
      if (getpid() == owner_) return f();
      return Error{Errc::internal, store_->options.path + ": opened before fork(); a child cannot use it"};
    });
  }
  template <class T, class Check, class F>
  Result<T> write(Writer::Need need, Check&& check, F&& f) noexcept {
    return mine<T>([&]() -> Result<T> {
      if (std::optional<Error> error = check()) return *std::move(error);
      return store_->writer.ask<T>(need, f);
    });
  }

  const pid_t owner_ = getpid();
  std::unique_ptr<Store> store_;
  const std::string durability_;
};

}  // namespace
}  // namespace penstock::sqlite

PENSTOCK_PLUGIN(
    sqlite, "0.1.0", "MIT",
    penstock::component<penstock::DurableBackend, penstock::sqlite::Backend, penstock::Waiter, penstock::Registry,
                        penstock::Browser, penstock::Gates, penstock::Diagnosis, penstock::Audit>(
        "sqlite", "Tasks in one SQLite file, shared by any number of processes of one machine.",
        penstock::sqlite::kSettings));
