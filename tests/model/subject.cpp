#include "model/subject.hpp"

#include <filesystem>
#include <stdexcept>
#include <unistd.h>

#include "model/mutants.hpp"

#ifdef MODEL_MEMORY
extern "C" const penstock::PluginDescriptor* penstock_plugin_0_memory() noexcept;
#endif
#ifdef MODEL_SQLITE
extern "C" const penstock::PluginDescriptor* penstock_plugin_0_sqlite() noexcept;
#endif

#ifdef MODEL_FILESYSTEM
extern "C" const penstock::PluginDescriptor* penstock_plugin_0_filesystem() noexcept;
#endif

namespace penstock::model {
namespace {

namespace fs = std::filesystem;

#ifdef MODEL_MEMORY
class Memory final : public Subject {
 public:
  Memory() { Memory::fresh(); }
  void fresh() override {
    backend_.reset();
    time_ = std::make_unique<testing::ManualTime>();
    host_ = std::make_unique<testing::TestHost>(time_.get());
    backend_ = testing::open_component<DurableBackend>(penstock_plugin_0_memory, "memory", *host_);
  }
  Now now() override { return {time_->wall(), time_->boot(), time_->boot()}; }

 private:
  std::unique_ptr<testing::TestHost> host_;
};
#endif

// A folder of its own for each sequence, in memory where the system has such a place.
class OnDisk : public Subject {
 public:
  OnDisk() {
    std::string pattern = (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) / "model-XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("cannot make a directory like " + pattern);
    folder_ = pattern;
  }
  ~OnDisk() override {
    backend_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  void fresh() override {
    backend_.reset();
    for (const auto& file : fs::directory_iterator(folder_)) fs::remove_all(file);
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

  fs::path folder_;
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
        {{"path", (folder_ / "model.db").string()}, {"durability", std::string("process")}});
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
                                                       {{"path", (folder_ / "store").string()}, {"sync", false}});
  }
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
#ifdef MODEL_FILESYSTEM
  if (name == "filesystem") return std::make_unique<Filesystem>();
#endif
  if (name == "model") return make_mutant(Fault::none);
  return nullptr;
}

}  // namespace penstock::model
