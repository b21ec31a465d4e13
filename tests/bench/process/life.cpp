#include "bench/process/life.hpp"

#include "bench/lib/child.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/process/program.hpp"

namespace penstock::bench {
namespace {

Options options_of(const std::string& store) {
  return store.find("://") == store.npos ? on_sqlite(store, false) : on_redis(store);
}

}  // namespace

void fill_store(const std::string& store, std::size_t tasks) {
  in_child([&] {
    TaskManager producer = TaskManager::open(options_of(store));
    send(producer, 0, tasks);
    return Series{};
  });
}

void check_all_done(const std::string& store) {
  in_child([&] {
    TaskManager tasks = TaskManager::open(options_of(store));
    verify_nothing_left(tasks);
    return Series{};
  });
}

Series idle_size(const std::string& store) {
  fill_store(store, 1);
  Program worker({"--worker", "work", store, kLease});
  worker.hear("idle");
  const double mib = double(worker.rss_kib()) / 1024;
  const bool tls = !worker.libraries("libssl").empty() || !worker.libraries("libcrypto").empty();
  worker.kill_hard();
  check_all_done(store);
  return {mib, double(tls)};
}

Series first_task(const std::string& store) {
  fill_store(store, 1);
  Program worker({"--worker", "work", store, kLease});
  const double ms = double(worker.hear("done") - worker.started()) / 1e6;
  worker.hear("idle");
  worker.kill_hard();
  check_all_done(store);
  return {ms};
}

}  // namespace penstock::bench
