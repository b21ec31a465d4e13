// The `redis` plugin: settings, what is checked at the start and again, and the calls of the seam.
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include <penstock/plugin/plugin.hpp>

#include "checks.hpp"
#include "diagnosis.hpp"
#include "server_facts.hpp"
#include "store.hpp"

namespace penstock::redis {
namespace {

constexpr std::uint32_t kFeatures = kUnique | kFair | kGates | kGuard | kChildren | kLimit | kStrictOrder;
constexpr auto kCheckAgain = std::chrono::minutes(1);

constexpr Setting kSettings[] = {
    {.key = "url",
     .kind = Kind::string,
     .fallback = "redis://127.0.0.1:6379",
     .doc = "`redis://host:port/database`, `rediss://...` for TLS, or `unix:///path`."},
    {.key = "user", .kind = Kind::string, .fallback = "", .doc = "User of the server's access control list."},
    {.key = "password", .kind = Kind::secret, .fallback = "", .doc = "Of that user, or of the server."},
    {.key = "prefix",
     .kind = Kind::string,
     .fallback = "penstock",
     .doc = "What all keys begin with, in braces: letters, digits, `.`, `_`, `-`."},
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
    {.key = "timeout",
     .kind = Kind::duration,
     .fallback = "5s",
     .doc = "How long a call takes at the most.",
     .min = 10,
     .max = 600'000},
    {.key = "connections",
     .kind = Kind::integer,
     .fallback = "4",
     .doc = "Connections for calls, to one node.",
     .min = 1,
     .max = 1000},
    {.key = "cluster", .kind = Kind::boolean, .fallback = "false", .doc = "The server is a node of a Redis Cluster."},
    {.key = "master",
     .kind = Kind::string,
     .fallback = "",
     .doc = "Name of the master that `sentinels` watch; they are asked where it is."},
    {.key = "sentinels", .kind = Kind::list, .fallback = "", .doc = "`host:port` of each sentinel."},
    {.key = "sentinel_user", .kind = Kind::string, .fallback = "", .doc = "User at the sentinels."},
    {.key = "sentinel_password", .kind = Kind::secret, .fallback = "", .doc = "Password at the sentinels."},
    {.key = "tls_ca",
     .kind = Kind::string,
     .fallback = "",
     .doc = "File of the certificates that may have signed the server's; empty: the system's."},
    {.key = "tls_cert", .kind = Kind::string, .fallback = "", .doc = "File of this program's certificate."},
    {.key = "tls_key", .kind = Kind::string, .fallback = "", .doc = "File of its key."},
    {.key = "tls_name",
     .kind = Kind::string,
     .fallback = "",
     .doc = "Name that the server's certificate must hold; empty: the host's."},
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
    {.key = "clock",
     .kind = Kind::choice,
     .fallback = "server",
     .doc = "Whose clock counts; `host` is for tests that move it by hand.",
     .choices = "server|host"},
};

Error setting(const char* key, const std::string& why) { return {Errc::invalid, std::string(key) + ": " + why}; }

Result<Options> client_options(const Settings& s) {
  auto parsed = parse_url(s.text("url"));
  if (!parsed) return setting("url", parsed.error().message);
  Options o = std::move(*parsed);
  if (!s.text("user").empty()) o.user = s.text("user");
  if (!s.text("password").empty()) o.password = s.text("password");
  o.cluster = s.flag("cluster");
  o.master = s.text("master");
  for (const std::string& text : s.list("sentinels")) {
    auto at = parse_address(text, 26379);
    if (!at) return setting("sentinels", at.error().message);
    o.sentinels.push_back(std::move(*at));
  }
  if (o.master.empty() != o.sentinels.empty()) return setting("master", "wants `sentinels`, and they want it");
  o.sentinel_user = s.text("sentinel_user");
  o.sentinel_password = s.text("sentinel_password");
  o.tls.ca_file = s.text("tls_ca");
  o.tls.cert_file = s.text("tls_cert");
  o.tls.key_file = s.text("tls_key");
  o.tls.server_name = s.text("tls_name");
  o.connections = static_cast<std::size_t>(s.integer("connections"));
  return o;
}

bool valid_prefix(std::string_view p) noexcept {
  return !p.empty() && p.size() <= 64 &&
         p.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
             "0123456789._-") == std::string_view::npos;
}

Result<StoreOptions> store_options(const Settings& s) {
  StoreOptions o;
  o.prefix = s.text("prefix");
  if (!valid_prefix(o.prefix)) return setting("prefix", "has 1 to 64 letters, digits, '.', '_', '-'");
  o.timeout = s.duration("timeout");
  o.remember = s.duration("remember");
  o.max_body = static_cast<std::uint64_t>(s.integer("max_body"));
  o.replicas = static_cast<std::uint32_t>(s.integer("replicas"));
  if (s.text("durability") == "failover" && o.replicas == 0) o.replicas = 1;
  return o;
}

// Why this server will not do; nothing: it does.
std::optional<Error> refuse(const ServerFacts& f, Durability level, std::string_view wanted, bool allow_eviction) {
  if (f.evicts() && !allow_eviction) {
    return Error{Errc::unsupported, "the server throws keys away when its memory is full (maxmemory-policy " +
                                        f.eviction + "): set it to noeviction, or allow_eviction = true to lose tasks"};
  }
  if (wanted == "any" || name(level) == wanted) return std::nullopt;
  const Durability least = wanted == "process" ? Durability::process
                           : wanted == "power" ? Durability::power
                                               : Durability::failover;
  if (level >= least) return std::nullopt;
  return Error{Errc::unsupported, "durability: \"" + std::string(wanted) + "\" was asked for, and the server gives \"" +
                                      name(level) + "\" (" + f.told() + ")"};
}

class Redis final : public DurableBackend,
                    public Waiter,
                    public Registry,
                    public Browser,
                    public Gates,
                    public Diagnosis {
 public:
  Redis(Host& host, Options client, StoreOptions store, TimeSource* time, const Settings& s)
      : host_(host),
        wanted_(s.text("durability")),
        allow_eviction_(s.flag("allow_eviction")),
        server_(std::move(client), std::move(store), time),
        bell_(server_.client(), server_.channel()),
        store_(server_, bell_) {}

  static Result<std::unique_ptr<DurableBackend>> open(Host& host, const Settings& s) {
    auto client = client_options(s);
    if (!client) return client.error();
    auto store = store_options(s);
    if (!store) return store.error();
    TimeSource* time = nullptr;
    if (s.text("clock") == "host") time = static_cast<TimeSource*>(host.query(TimeSource::kId));
    auto made = std::make_unique<Redis>(host, std::move(*client), std::move(*store), time, s);
    const auto facts = made->weakest_server();
    if (!facts) return facts.error();
    const Durability level = made->level(*facts);
    if (auto e = refuse(*facts, level, made->wanted_, made->allow_eviction_)) return *e;
    made->durability_ = name(level);
    host.log(Level::info, "redis: durability " + std::string(made->durability_) + " (" + facts->told() + ")");
    return std::unique_ptr<DurableBackend>(std::move(made));
  }

  void* query(std::string_view id) noexcept override { return offer<Waiter, Registry, Browser, Gates, Diagnosis>(this, id); }

  Properties properties() const noexcept override {
    return {.features = server_.cluster() ? kFeatures & ~kGuard : kFeatures,
            .max_batch = kMaxBatch,
            .in_flight = 2,
            .max_body = server_.options().max_body,
            .durability = durability_,
            .remembers_ids = server_.options().remember};
  }

  Result<Exchanged> exchange(const Exchange& x) noexcept override {
    return guard([&] {
      check_again();
      return store_.exchange(x);
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

 private:
  Result<ServerFacts> weakest_server() {
    const auto facts = read_server_facts(server_.client(), Clock::now() + server_.options().timeout);
    if (!facts) return facts.error();
    if (facts->empty()) return Error{Errc::unavailable, "the cluster has no master"};
    return weakest(*facts, server_.options().replicas);
  }
  Durability level(const ServerFacts& f) const noexcept { return f.level(server_.options().replicas); }

  // The server's settings can be changed while it runs; nothing is refused for that, but it is said.
  void check_again() {
    const auto now = Clock::now().time_since_epoch();
    auto last = checked_.load();
    if (now - last < kCheckAgain || !checked_.compare_exchange_strong(last, now)) return;
    const auto facts = weakest_server();
    if (!facts) return;
    const auto e =
        refuse(*facts, level(*facts), wanted_ == "any" ? std::string_view(durability_) : wanted_, allow_eviction_);
    if (e) host_.log(Level::error, "redis: since this program has started, the server was changed: " + e->message);
  }

  Host& host_;
  const std::string wanted_;
  const bool allow_eviction_;
  const char* durability_ = "memory";
  Server server_;
  Bell bell_;
  Store store_;
  std::atomic<Clock::duration> checked_{Clock::now().time_since_epoch()};
};

}  // namespace

PENSTOCK_PLUGIN(redis, "0.1.0", "MIT",
                component<DurableBackend, Redis, Waiter, Registry, Browser, Gates, Diagnosis>(
                    "redis", "Tasks on a Redis server, or several: any number of processes on any number of hosts.",
                    kSettings));

}  // namespace penstock::redis
