// The `redis` plugin: settings, what is checked at the start and again, and the calls of the seam.
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include <penstock/plugin/plugin.hpp>

#include "../shared/call_checks.hpp"
#include "../shared/settings.hpp"
#include "audit.hpp"
#include "client_settings.hpp"
#include "diagnosis.hpp"
#include "leaders.hpp"
#include "limiter.hpp"
#include "rights.hpp"
#include "server_facts.hpp"
#include "store.hpp"

namespace penstock::redis {
namespace {

constexpr std::uint32_t kFeatures = kUnique | kFair | kGates | kGuard | kChildren | kLimit | kStrictOrder;
constexpr auto kCheckAgain = std::chrono::minutes(1);

constexpr Setting kStoreSettings[] = {
    {.key = "durability",
     .kind = Kind::choice,
     .fallback = "any",
     .doc =
         "What an accepted task must survive; a server whose settings give less is refused. `any`: whatever it gives.",
     .choices = "any|process|power|failover"},
    {.key = "replicas",
     .kind = Kind::integer,
     .fallback = "0",
     .doc =
         "Replicas that must confirm a change before it counts (WAIT). 0: none, and 1 for `durability = \"failover\"`.",
     .min = 0,
     .max = 100},
    {.key = "allow_eviction",
     .kind = Kind::boolean,
     .fallback = "false",
     .doc = "Start on a server that throws keys away when its memory is full."},
    {.key = "max_body",
     .kind = Kind::size,
     .fallback = "1088KiB",
     .doc = "Most octets of a body, of a note, and of a document.",
     .min = 1,
     .max = 32 << 20},
    {.key = "remember",
     .kind = Kind::duration,
     .fallback = "10s",
     .doc = "How long an ended id is known at the least.",
     .min = 0},
};
constexpr auto kSettings = shared::joined(kClientSettings, kStoreSettings);

Result<StoreOptions> store_options(const Settings& s) {
  StoreOptions o;
  auto prefix = key_prefix(s);
  if (!prefix) return prefix.error();
  o.prefix = std::move(*prefix);
  o.timeout = s.duration("timeout");
  o.remember = s.duration("remember");
  o.max_body = static_cast<std::uint64_t>(s.integer("max_body"));
  o.replicas = static_cast<std::uint32_t>(s.integer("replicas"));
  if (s.text("durability") == "failover" && o.replicas == 0) o.replicas = 1;
  return o;
}

// Why this server will not do; nothing: it does.
std::optional<Error> refuse(const ServerFacts& f, std::uint32_t confirming, std::string_view wanted,
                            bool allow_eviction) {
  if (f.evicts() && !allow_eviction) {
    return Error{Errc::unsupported, "the server throws keys away when its memory is full (maxmemory-policy " +
                                        f.eviction + "): set it to noeviction, or allow_eviction = true to lose tasks"};
  }
  if (wanted == "any" || wanted == name(Durability::memory)) return std::nullopt;
  const Durability least = wanted == "process" ? Durability::process
                           : wanted == "power" ? Durability::power
                                               : Durability::failover;
  if (f.gives(least, confirming)) return std::nullopt;
  return Error{Errc::unsupported, "durability: \"" + std::string(wanted) + "\" was asked for, and the server gives \"" +
                                      name(f.level(confirming)) + "\" (" + f.told() + ")"};
}

class Redis final : public DurableBackend,
                    public Waiter,
                    public Registry,
                    public Browser,
                    public Gates,
                    public Leadership,
                    public Diagnosis,
                    public Audit {
 public:
  Redis(Host& host, Options client, StoreOptions store, TimeSource* time, const Settings& s)
      : host_(host),
        wanted_(s.text("durability")),
        allow_eviction_(s.flag("allow_eviction")),
        server_(std::move(client), std::move(store), time),
        bell_(server_.client(), server_.channel()),
        store_(server_, bell_, host),
        leaders_(server_) {}

  static Result<std::unique_ptr<DurableBackend>> open(Host& host, const Settings& s) {
    auto client = client_options(s);
    if (!client) return client.error();
    auto store = store_options(s);
    if (!store) return store.error();
    auto made = std::make_unique<Redis>(host, std::move(*client), std::move(*store), lent_clock(host, s), s);
    const Deadline end = made->server_.deadline();
    const auto facts = made->weakest_server(end);
    if (!facts) return facts.error();
    const std::uint32_t confirming = made->server_.options().replicas;
    if (auto e = refuse(*facts, confirming, made->wanted_, made->allow_eviction_)) return *e;
    if (auto e = lacking_rights(made->server_, end)) return *e;
    made->durability_ = name(facts->level(confirming));
    host.log(Level::info, "redis: durability " + std::string(made->durability_) + " (" + facts->told() + ")");
    return std::unique_ptr<DurableBackend>(std::move(made));
  }

  void* query(std::string_view id) noexcept override {
    return offer<Waiter, Registry, Browser, Gates, Leadership, Diagnosis, Audit>(this, id);
  }

  Properties properties() const noexcept override {
    return {.features = server_.cluster() ? kFeatures & ~kGuard : kFeatures,
            .max_batch = shared::kMaxBatch,
            .in_flight = 2,
            .max_body = server_.options().max_body,
            .durability = durability_,
            .remembers_ids = server_.options().remember};
  }

  Result<Exchanged> exchange(const Exchange& x) noexcept override {
    return guard([&] {
      const Deadline end = server_.deadline();
      check_again(server_.beside(end));
      return store_.exchange(x, end);
    });
  }
  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard* g) noexcept override {
    return guard([&] { return store_.enqueue(tasks, g); });
  }
  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override {
    return guard([&] { return store_.cancel(keys); });
  }
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    return guard([&] { return store_.get(keys); });
  }
  Result<std::vector<Counts>> counts() noexcept override {
    return guard([&] { return store_.counts(); });
  }
  Result<std::uint64_t> trim(const Retention& r) noexcept override {
    return guard([&] { return store_.trim(r); });
  }

  Result<std::uint64_t> wait(std::uint64_t bell, Millis at_most) noexcept override {
    return guard([&] { return bell_.wait(bell, at_most); });
  }
  void interrupt() noexcept override { bell_.interrupt(); }

  Result<std::vector<Document>> list(std::string_view prefix) noexcept override {
    return guard([&] { return store_.documents(prefix); });
  }
  Result<std::uint64_t> put(const Document& d) noexcept override {
    return guard([&] { return store_.put(d); });
  }

  Result<std::vector<std::pair<TaskId, Record>>> list(const Filter& f, std::string& next) noexcept override {
    return guard([&] { return store_.list(f, next); });
  }
  Result<std::vector<Item>> move(std::span<const TaskKey> keys, State from, State to, Millis delay) noexcept override {
    return guard([&] { return store_.move(keys, from, to, delay); });
  }

  Result<void> limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* limit) noexcept override {
    return guard([&] { return store_.limit(queue, gate, layer, limit); });
  }
  Result<void> hold(std::string_view queue, std::string_view gate, Millis at_most) noexcept override {
    return guard([&] { return store_.hold(queue, gate, at_most); });
  }
  Result<std::vector<GateState>> gates(std::string_view queue) noexcept override {
    return guard([&] { return store_.gates(queue); });
  }

  Result<Term> campaign(std::string_view name, std::string_view candidate, Millis ttl) noexcept override {
    return guard([&] { return leaders_.campaign(name, candidate, ttl); });
  }
  Result<bool> renew(std::string_view name, std::uint64_t term, Millis ttl) noexcept override {
    return guard([&] { return leaders_.renew(name, term, ttl); });
  }
  Result<bool> resign(std::string_view name, std::uint64_t term) noexcept override {
    return guard([&] { return leaders_.resign(name, term); });
  }
  Result<Term> term(std::string_view name) noexcept override {
    return guard([&] { return leaders_.term(name); });
  }

  Result<std::vector<Finding>> diagnose() noexcept override {
    return guard([&]() -> Result<std::vector<Finding>> {
      const Deadline deadline = Clock::now() + server_.options().timeout;
      const auto facts = read_server_facts(server_.client(), deadline);
      if (!facts) return facts.error();
      std::vector<Finding> out;
      for (const ServerFacts& f : *facts) {
        const auto skew = clock_skew(server_.client(), f.address, deadline);
        if (!skew) return skew.error();
        for (Finding& finding : findings(f, server_.options().replicas, *skew)) out.push_back(std::move(finding));
      }
      return out;
    });
  }

  Result<Audited> audit(std::uint32_t at_most) noexcept override {
    return guard([&] { return redis::audit(server_, at_most); });
  }

 private:
  Result<ServerFacts> weakest_server(Deadline end) {
    const auto facts = read_server_facts(server_.client(), end);
    if (!facts) return facts.error();
    if (facts->empty()) return Error{Errc::unavailable, "the cluster has no master"};
    return weakest(*facts, server_.options().replicas);
  }

  // The server's settings can be changed while it runs; nothing is refused for that, but it is said.
  void check_again(Deadline end) {
    const Millis now = server_.now();
    Millis last = checked_.load();
    if (now - last < kCheckAgain || !checked_.compare_exchange_strong(last, now)) return;
    const auto facts = weakest_server(end);
    if (!facts) return;
    const auto e = refuse(*facts, server_.options().replicas,
                          wanted_ == "any" ? std::string_view(durability_) : wanted_, allow_eviction_);
    if (e) host_.log(Level::error, "redis: since this program has started, the server was changed: " + e->message);
  }

  Host& host_;
  const std::string wanted_;
  const bool allow_eviction_;
  const char* durability_ = "memory";
  Server server_;
  Bell bell_;
  Store store_;
  Leaders leaders_;
  std::atomic<Millis> checked_{server_.now()};
};

}  // namespace

PENSTOCK_PLUGIN(redis, "0.1.0", "MIT",
                component<DurableBackend, Redis, Waiter, Registry, Browser, Gates, Leadership, Diagnosis, Audit>(
                    "redis", "Tasks on a Redis server, or several: any number of processes on any number of hosts.",
                    kSettings.rows),
                limiter_component());

}  // namespace penstock::redis
