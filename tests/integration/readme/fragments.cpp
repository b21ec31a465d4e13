// What the fragments of the README stand in.
#include <penstock/outbox.hpp>
#include <penstock/penstock.hpp>

#include "readme_limits.hpp"

struct ConfirmOrder {
  int number = 0;
};
template <>
inline constexpr auto penstock::fields<ConfirmOrder> = std::tuple{penstock::field{"number", &ConfirmOrder::number}};
template <>
inline constexpr penstock::Policy penstock::job<ConfirmOrder> = {.kind = "order.confirm"};

static void run(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db));
}

int main() {
  sqlite3* db = nullptr;
  sqlite3_open("shop.db", &db);
  sqlite3_busy_timeout(db, 10'000);
  run(db, "CREATE TABLE orders(number INTEGER PRIMARY KEY)");
  penstock::Outbox::create(db);
  penstock::Options options;
  options.log_level = penstock::Level::warn;
  auto tasks = penstock::TaskManager::open(options);
  int confirmed = 0;
  tasks.handle<ConfirmOrder>([&](const ConfirmOrder& job) { confirmed = job.number; });
#include "readme_outbox.hpp"
  relay.flush();
  tasks.drain();
  sqlite3_close(db);
  return confirmed == 17 ? 0 : 1;
}
