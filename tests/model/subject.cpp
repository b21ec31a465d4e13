#include "model/subject.hpp"

#include <stdexcept>

#include "model/mutants.hpp"
#include "support/folder.hpp"
#ifdef MODEL_REDIS
#include "support/redis/cluster.hpp"
#include "support/redis/server.hpp"
#endif

#ifdef MODEL_MEMORY
extern "C" const penstock::PluginDescriptor* penstock_plugin_0_memory() noexcept;
#endif
#ifdef MODEL_SQLITE
extern "C" const penstock::PluginDescriptor* penstock_plugin_0_sqlite() noexcept;
#endif
#ifdef MODEL_REDIS
extern "C" const penstock::PluginDescriptor* penstock_plugin_0_redis() noexcept;
#endif

#ifdef MODEL_FILESYSTEM
extern "C" const penstock::PluginDescriptor* penstock_plugin_0_filesystem() noexcept;
#endif

namespace penstock::model {
namespace {

// Some bodies are one octet too long: making those of a megabyte would take most of the time.
[[maybe_unused]] std::pair<const std::string, config::Written> short_bodies() {
  return {"max_body", std::string("4KiB")};
}

#ifdef MODEL_MEMORY
class Memory final : public Subject {
 public:
  Memory() { Memory::fresh(); }
  void fresh() override {
    backend_.reset();
    time_ = std::make_unique<testing::ManualTime>();
    host_ = std::make_unique<testing::TestHost>(time_.get());
    backend_ = testing::open_component<DurableBackend>(penstock_plugin_0_memory, "memory", *host_, {short_bodies()});
  }
  Now now() override { return {time_->wall(), time_->boot(), time_->boot()}; }

 private:
  std::unique_ptr<testing::TestHost> host_;
};
#endif

// A folder of its own for each sequence, in memory where the system has such a place.
class OnDisk : public Subject {
 public:
  ~OnDisk() override { backend_.reset(); }
  void fresh() override {
    backend_.reset();
    folder_.empty();
    time_ = std::make_unique<testing::ManualTime>();
    host_ = std::make_unique<testing::TestHost>(time_.get());
    open();
  }
  bool reopen() override {
    backend_.reset();
    open();
    return true;
  }
  bool reopens() const override { return true; }

 protected:
  virtual void open() = 0;

  testing::Folder folder_{testing::in_memory()};
  std::unique_ptr<testing::TestHost> host_;
};

#ifdef MODEL_SQLITE
class Sqlite final : public OnDisk {
 public:
  Sqlite() { fresh(); }

 private:
  void open() override {
    backend_ = testing::open_component<DurableBackend>(
        penstock_plugin_0_sqlite, "sqlite", *host_,
        {{"path", folder_ / "model.db"}, {"durability", std::string("process")}, short_bodies()});
  }
};
#endif

#ifdef MODEL_FILESYSTEM
// The example.
class Filesystem final : public OnDisk {
 public:
  Filesystem() { fresh(); }
  Now now() override { return {time_->wall(), time_->boot(), time_->boot()}; }

 private:
  void open() override {
    backend_ = testing::open_component<DurableBackend>(penstock_plugin_0_filesystem, "filesystem", *host_,
                                                       {{"path", folder_ / "store"}, {"sync", false}});
  }
};
#endif

#ifdef MODEL_REDIS
// Servers for all sequences, emptied before each.
class Redis : public Subject {
 public:
  void fresh() override {
    backend_.reset();
    wipe();
    time_ = std::make_unique<testing::ManualTime>();
    host_ = std::make_unique<testing::TestHost>(time_.get());
    open();
  }
  bool reopen() override {
    backend_.reset();
    open();
    return true;
  }
  bool reopens() const override { return true; }
  Now now() override { return {time_->wall(), time_->boot(), time_->boot()}; }

 private:
  virtual std::string url() const = 0;
  virtual bool cluster() const = 0;
  virtual void wipe() = 0;
  void open() {
    backend_ = testing::open_component<DurableBackend>(
        penstock_plugin_0_redis, "redis", *host_,
        {{"url", url()}, {"clock", std::string("host")}, {"cluster", cluster()}, short_bodies()});
  }

  std::unique_ptr<testing::TestHost> host_;
};

class OneRedis final : public Redis {
 public:
  OneRedis() { fresh(); }

 private:
  std::string url() const override { return server_.socket_url(); }
  bool cluster() const override { return false; }
  void wipe() override { (void)server_.cli({"FLUSHALL"}); }

  testing::RedisServer server_;
};

class RedisCluster final : public Redis {
 public:
  RedisCluster() { fresh(); }

 private:
  std::string url() const override { return nodes_.url(); }
  bool cluster() const override { return true; }
  void wipe() override {
    for (std::size_t i = 0; i < 3; ++i) (void)nodes_.node(i).cli({"FLUSHALL"});
  }

  testing::RedisCluster nodes_;
};
#endif

}  // namespace

std::vector<std::string> subjects() {
  std::vector<std::string> out;
#ifdef MODEL_MEMORY
  out.push_back("memory");
#endif
#ifdef MODEL_SQLITE
  out.push_back("sqlite");
#endif
#ifdef MODEL_REDIS
  out.push_back("redis");
  out.push_back("redis-cluster");
#endif
#ifdef MODEL_FILESYSTEM
  out.push_back("filesystem");
#endif
  return out;
}

std::unique_ptr<Subject> make_subject(const std::string& name) {
#ifdef MODEL_MEMORY
  if (name == "memory") return std::make_unique<Memory>();
#endif
#ifdef MODEL_SQLITE
  if (name == "sqlite") return std::make_unique<Sqlite>();
#endif
#ifdef MODEL_REDIS
  if (name == "redis") return std::make_unique<OneRedis>();
  if (name == "redis-cluster") return std::make_unique<RedisCluster>();
#endif
#ifdef MODEL_FILESYSTEM
  if (name == "filesystem") return std::make_unique<Filesystem>();
#endif
  if (name == "model") return make_mutant(Fault::none);
  return nullptr;
}

}  // namespace penstock::model
