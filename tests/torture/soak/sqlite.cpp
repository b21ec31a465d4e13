// The store in a SQLite file: somebody who keeps all others from writing, and operations on the file that fail.
#include <stdexcept>

#include "torture/raw_sqlite.hpp"
#include "torture/soak/census.hpp"
#include "torture/soak/failing_files.hpp"
#include "torture/soak/ground.hpp"

namespace penstock::torture {
namespace {

class Sqlite final : public Ground {
 public:
  explicit Sqlite(const Surroundings& around) : around_(around), file_(around.scratch.fresh("sqlite") + "/a.db") {}

  StorePlace place() const override { return of_vfs(FailingFiles::kName); }
  penstock::Options options() const override { return soak_options(of_vfs("")); }

  std::vector<Misfortune> misfortunes(TaskManager&) override {
    return {{"locks", [this] { lock(); }}, {"I/O errors", [this] { fail_some(); }}};
  }
  // The file has pages to spare for the largest jam there was, and its log grows to twice the checkpoint.
  std::vector<Size> sizes() const override {
    return {{"octets of the file", {.absolute = 2 << 20, .share = 0.25}}, {"octets of its log", {.absolute = 4 << 20}}};
  }
  std::vector<double> measure(TaskManager&) const override {
    return {static_cast<double>(fs::file_size(file_)), static_cast<double>(fs::file_size(file_ + "-wal"))};
  }

 private:
  StorePlace of_vfs(const std::string& vfs) const {
    return {"sqlite", {{"path", file_}, {"vfs", vfs}, {"remember", kRemember}, {"checkpoint", "1MiB"}}};
  }
  // Until they have struck: somebody is always writing.
  void fail_some() const {
    around_.ring.io_errors = static_cast<std::uint32_t>(1 + around_.random() % 4);
    const auto end = Census::Clock::now() + Census::kStuck;
    while (around_.ring.io_errors > 0 && Census::Clock::now() < end) around_.wait(Millis(50));
    if (around_.ring.io_errors > 0) throw Violation(Harm::stuck, "no worker has touched the file for a minute");
  }
  // Some last longer than the others wait for the lock.
  void lock() const {
    Raw raw(file_);
    raw.run("PRAGMA busy_timeout = 10000");
    if (raw.run("BEGIN IMMEDIATE") != SQLITE_OK) throw std::runtime_error("the write lock was not to be had");
    around_.wait(Millis(200 + around_.random() % 6'000));
    if (raw.run("ROLLBACK") != SQLITE_OK) throw std::runtime_error("the write lock was lost");
  }

  const Surroundings around_;
  const std::string file_;
};

}  // namespace

std::unique_ptr<Ground> sqlite_ground(const Surroundings& around) { return std::make_unique<Sqlite>(around); }

}  // namespace penstock::torture
