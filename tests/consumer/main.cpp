// consumer FOLDER: runs a durable task on memory and on SQLite, and one through an outbox.
#include <atomic>
#include <iostream>
#include <string>

#include <penstock/outbox.hpp>
#include <penstock/penstock.hpp>

namespace {

struct Add {
  int left = 0, right = 0;
};
struct Sum {
  int value = 0;
};

}  // namespace

template <>
inline constexpr auto penstock::fields<Add> =
    std::tuple{penstock::field{"left", &Add::left}, penstock::field{"right", &Add::right}};
template <>
inline constexpr auto penstock::fields<Sum> = std::tuple{penstock::field{"value", &Sum::value}};
template <>
inline constexpr penstock::Policy penstock::job<Add> = {.kind = "add", .queue = "sums", .retries = 1};

namespace {

penstock::TaskManager open(const std::string& backend, const std::string& folder) {
  penstock::Options options;
  options.threads = 2;
  options.log_level = penstock::Level::warn;
  options.backend.use = backend;
  if (backend == "sqlite") options.backend.settings["path"] = folder + "/tasks.db";
  auto tasks = penstock::TaskManager::open(options);
  tasks.handle<Add>([](const Add& add) { return Sum{add.left + add.right}; });
  return tasks;
}

bool works(const std::string& backend, const std::string& folder) {
  auto tasks = open(backend, folder);
  auto ref = tasks.enqueue(Add{20, 22});
  tasks.start();
  bool right = tasks.result<Sum>(ref, penstock::Millis(20'000)).value == 42;
  return tasks.drain() == 0 && right;
}

bool works_with_outbox(const std::string& folder) {
  auto tasks = open("sqlite", folder);
  penstock::OutboxRelay relay(tasks, [&] {
    sqlite3* db = nullptr;
    if (sqlite3_open((folder + "/shop.db").c_str(), &db) == SQLITE_OK) penstock::Outbox::create(db);
    penstock::Outbox(tasks).enqueue(db, Add{1, 2});
    sqlite3_close(db);
    return penstock::outbox_rows(folder + "/shop.db");
  }());
  return relay.flush() == 1 && tasks.drain() == 0 && tasks.metrics().total.completed == 1;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string folder = argc > 1 ? argv[1] : ".";
  for (const char* backend : {"memory", "sqlite"}) {
    if (!works(backend, folder)) return 1;
    std::cout << backend << " works\n";
  }
  if (!works_with_outbox(folder)) return 1;
  std::cout << "the outbox works\n";
  return 0;
} catch (const std::exception& e) {
  std::cerr << "consumer: " << e.what() << "\n";
  return 1;
}
