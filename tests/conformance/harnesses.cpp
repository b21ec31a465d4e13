#include "conformance/harnesses.hpp"

#include <map>
#include <memory>
#include <stdexcept>
#include <unistd.h>

#include <penstock/plugin/plugin.hpp>

#include "plugins/host.hpp"
#include "support/folder.hpp"
#include "support/open_plugin.hpp"
#include "support/ports.hpp"
#include "support/redis/certificates.hpp"
#include "support/redis/cluster.hpp"
#include "support/redis/sentinels.hpp"
#include "support/redis/server.hpp"

#ifndef CONFORMANCE_MODULES
#include <penstock/builtin.hpp>
#endif

namespace penstock::conformance {

namespace {

using Settings = std::map<std::string, config::Written>;

// A clock moved by hand, a host that lends it, and the plugins: those linked in or, in the program that
// has none, modules of PENSTOCK_PLUGIN_PATH. Both are found as a program finds them.
struct Scene {
  Scene() {
    plugins::HostOptions options;
    options.installed.clear();
#ifdef CONFORMANCE_MODULES
    options.from_environment();
#else
    options.builtin = builtin_plugins();
#endif
    auto made = plugins::PluginHost::make(host, options);
    if (!made) throw std::runtime_error(made.error().message);
    plugins = std::move(made).value();
  }
  // With the wrappers around it, the outermost first, all with the settings that they have by themselves.
  std::unique_ptr<DurableBackend> open(const std::string& name, std::span<const std::string> wrappers) const {
    config::Section section;
    section.name = "backend." + name;
    section.values = settings;
    auto made = plugins->create(DurableBackend::kKind, name, section);
    for (auto wrapper = wrappers.rbegin(); made && wrapper != wrappers.rend(); ++wrapper) {
      made = plugins->wrap(DurableBackend::kKind, *wrapper, {}, std::move(made).value());
    }
    if (!made) throw std::runtime_error(made.error().message);
    return std::unique_ptr<DurableBackend>(static_cast<DurableBackend*>(std::move(made).value().release()));
  }
  // What query() answers of such a one.
  std::vector<std::string> capabilities(const std::string& name, std::span<const std::string> wrappers) const {
    std::vector<std::string> out;
    auto add = [&](const std::string& component, plugins::PluginHost::Role role) {
      auto found = plugins->find(DurableBackend::kKind, component, {}, role);
      if (!found) throw std::invalid_argument(found.error().message);
      const auto& more = found->component->capabilities;
      out.insert(out.end(), more.begin(), more.end());
    };
    add(name, plugins::PluginHost::Role::part);
    for (const std::string& wrapper : wrappers) add(wrapper, plugins::PluginHost::Role::wrapper);
    return out;
  }

  Settings settings;
  testing::ManualTime time;
  testing::TestHost host{&time};
  std::unique_ptr<plugins::PluginHost> plugins;
};

using Wrappers = std::vector<std::string>;

Harness on(const std::shared_ptr<Scene>& scene, const std::string& name, const Wrappers& wrappers = {}) {
  Harness h;
  h.open = [=] { return scene->open(name, wrappers); };
  h.advance = [=](Millis by) { scene->time.advance(by); };
  h.jump_wall = [=](Millis by) { scene->time.jump_wall(by); };
  h.wall = [=] { return scene->time.wall(); };
  h.capabilities = scene->capabilities(name, wrappers);
  return h;
}

Harness on(const std::string& name, const Settings& settings, const Wrappers& wrappers = {}) {
  auto scene = std::make_shared<Scene>();
  scene->settings = settings;
  return on(scene, name, wrappers);
}

Harness on_file(const std::string& name, Settings settings, const Wrappers& wrappers = {}) {
  auto folder = std::make_shared<testing::Folder>();
  settings["path"] = *folder / "store.db";
  Harness h = on(name, settings, wrappers);
  h.wipe = [=] { folder->empty(); };
  h.shared = h.survives_reopen = true;
  return h;
}

Harness on_sqlite(const std::string& durability, const Wrappers& wrappers = {}) {
  return on_file("sqlite", {{"durability", durability}}, wrappers);
}

// The example that was written outside.
Harness on_folder() {
  auto folder = std::make_shared<testing::Folder>();
  Harness h = on("filesystem", {{"path", *folder / "store"}, {"sync", false}});
  h.wipe = [=] { folder->empty(); };
  h.shared = h.survives_reopen = true;
  return h;
}

// Redis takes the time from the test.
template <class Servers>
Harness on_redis(std::shared_ptr<Servers> servers, Settings settings, std::function<void(Servers&)> wipe) {
  auto scene = std::make_shared<Scene>();
  scene->settings = std::move(settings);
  scene->settings["clock"] = std::string("host");
  Harness h = on(scene, "redis");
  // In a Cluster a message of before may come after the wipe: each store has a channel of its own.
  h.wipe = [=, stores = 0]() mutable {
    wipe(*servers);
    scene->settings["prefix"] = "store" + std::to_string(++stores);
  };
  h.shared = h.survives_reopen = true;
  return h;
}

Harness on_one_redis() {
  auto server = std::make_shared<testing::RedisServer>();
  return on_redis<testing::RedisServer>(server, {{"url", server->socket_url()}},
                                        [](auto& s) { (void)s.cli({"FLUSHALL"}); });
}

struct Shielded {
  testing::Certificates certificates;
  std::uint16_t port = testing::free_port();
  std::unique_ptr<testing::RedisServer> server;
  Shielded() {
    certificates.sign("localhost");
    certificates.sign("client");
    server = std::make_unique<testing::RedisServer>(certificates.server_words(port, "localhost", true));
  }
};

Harness on_redis_by_tls() {
  auto servers = std::make_shared<Shielded>();
  return on_redis<Shielded>(servers,
                            {{"url", "rediss://localhost:" + std::to_string(servers->port)},
                             {"tls_ca", servers->certificates.ca()},
                             {"tls_cert", servers->certificates.certificate("client")},
                             {"tls_key", servers->certificates.key("client")}},
                            [](Shielded& s) { (void)s.server->cli({"FLUSHALL"}); });
}

Harness on_redis_by_sentinel() {
  auto servers = std::make_shared<testing::Sentinels>();
  std::vector<std::string> where;
  for (const std::uint16_t port : servers->ports()) where.push_back("127.0.0.1:" + std::to_string(port));
  return on_redis<testing::Sentinels>(servers,
                                      {{"master", std::string(testing::Sentinels::kMaster)}, {"sentinels", where}},
                                      [](testing::Sentinels& s) { (void)s.first().cli({"FLUSHALL"}); });
}

Harness on_redis_cluster() {
  auto servers = std::make_shared<testing::RedisCluster>();
  return on_redis<testing::RedisCluster>(servers, {{"url", servers->url()}, {"cluster", true}},
                                         [](testing::RedisCluster& s) {
                                           for (std::size_t i = 0; i < 3; ++i) (void)s.node(i).cli({"FLUSHALL"});
                                         });
}

using Make = Harness (*)();
struct Entry {
  const char *name, *backend;
  Make make;
};
constexpr Entry kTable[] = {
    {"memory", "memory", [] { return on("memory", {}); }},
    {"memory-wrapped", "memory",
     [] {
       return on("memory", {}, {"metrics", "fault"});
     }},
    {"sqlite-power", "sqlite", [] { return on_sqlite("power"); }},
    {"sqlite-process", "sqlite", [] { return on_sqlite("process"); }},
    {"redis", "redis", [] { return on_one_redis(); }},
    {"redis-tls", "redis", [] { return on_redis_by_tls(); }},
    {"redis-sentinel", "redis", [] { return on_redis_by_sentinel(); }},
    {"redis-cluster", "redis", [] { return on_redis_cluster(); }},
    {"filesystem", "filesystem", on_folder},
    {"sqlite-wrapped", "sqlite",
     [] {
       return on_sqlite("process", {"metrics", "fault"});
     }},
};

}  // namespace

std::vector<std::string> available() {
  std::vector<std::string> out;
  const Scene scene;
  for (const Entry& entry : kTable) {
    if (scene.plugins->find(DurableBackend::kKind, entry.backend)) out.emplace_back(entry.name);
  }
  return out;
}

Harness harness_for(const std::string& name) {
  for (const Entry& entry : kTable) {
    if (entry.name == name) return entry.make();
  }
  throw std::invalid_argument("no harness is called " + name);
}

}  // namespace penstock::conformance
