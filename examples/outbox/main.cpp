// A shop that confirms each order, and only orders that are there: the task is written by the transaction
// that writes the order.
//
//   outbox FOLDER    keeps shop.db (the shop's own data) and tasks.db (the queue) in FOLDER
#include <iostream>
#include <sqlite3.h>
#include <stdexcept>
#include <string>

#include <penstock/outbox.hpp>
#include <penstock/penstock.hpp>

struct ConfirmOrder {
  int number = 0;
};
template <>
inline constexpr auto penstock::fields<ConfirmOrder> = std::tuple{penstock::field{"number", &ConfirmOrder::number}};
template <>
inline constexpr penstock::Policy penstock::job<ConfirmOrder> = {
    .kind = "order.confirm", .queue = "mail", .retries = 5};

namespace {

void run(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(db));
}

void place_order(sqlite3* db, penstock::Outbox& outbox, int number, bool payment_works) {
  run(db, "BEGIN IMMEDIATE");
  run(db, "INSERT INTO orders VALUES(" + std::to_string(number) + ")");
  outbox.enqueue(db, ConfirmOrder{number});
  run(db, payment_works ? "COMMIT" : "ROLLBACK");  // the rollback takes the order and its task
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string folder = argc > 1 ? argv[1] : ".";
  sqlite3* db = nullptr;
  if (sqlite3_open((folder + "/shop.db").c_str(), &db) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db));
  sqlite3_busy_timeout(db, 10'000);  // the relay writes to the file as well
  run(db, "CREATE TABLE IF NOT EXISTS orders(number INTEGER PRIMARY KEY)");
  penstock::Outbox::create(db);

  penstock::Options options;
  options.log_level = penstock::Level::warn;
  options.backend = {.use = "sqlite", .settings = {{"path", folder + "/tasks.db"}}};
  auto tasks = penstock::TaskManager::open(options);
  tasks.handle<ConfirmOrder>(
      [](const ConfirmOrder& job) { std::cout << "order " + std::to_string(job.number) + " is confirmed\n"; });

  penstock::Outbox outbox(tasks);
  penstock::OutboxRelay relay(tasks, penstock::outbox_rows(folder + "/shop.db"));
  relay.start();
  place_order(db, outbox, 1, true);
  place_order(db, outbox, 2, false);
  place_order(db, outbox, 3, true);
  relay.notify();  // moves them now; without it, within a quarter of a second
  relay.flush();   // before drain(), which knows nothing of what has not been moved
  int status = tasks.drain();
  relay.stop();
  sqlite3_close(db);
  return status;
} catch (const std::exception& e) {
  std::cerr << "outbox: " << e.what() << "\n";
  return 1;
}
