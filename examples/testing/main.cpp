// Tests of billing.hpp: no server, no thread, no sleep. With Catch2, GoogleTest or doctest they look the same.
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>

#include <penstock/testing.hpp>

#include "billing.hpp"

namespace {

using penstock::testing::Cluster;
using penstock::testing::ClusterOptions;

struct FakeBank : Bank {
  std::map<std::string, int> taken;
  int calls = 0;
  int closed_for = 0;  // so many calls
  std::function<void()> after_charge = [] {};

  void charge(const std::string& key, int cents) override {
    ++calls;
    if (closed_for > 0) --closed_for, throw std::runtime_error("the bank is closed");
    taken.emplace(key, cents);
    after_charge();
  }
};

void expect(bool so, const char* what) {
  if (!so) throw penstock::testing::Failed(what);
}

Cluster cluster_of(FakeBank& bank, unsigned workers = 1) {
  return Cluster([&bank](penstock::TaskManager& tasks) { handle_billing(tasks, bank); }, {.workers = workers});
}

void an_order_is_charged() {
  FakeBank bank;
  Cluster cluster = cluster_of(bank);
  place_order(cluster.tasks(), "A-1", 995);
  place_order(cluster.tasks(), "A-2", 0);
  cluster.required<TakePayment>([](const TakePayment& job) { return job.order == "A-1" && job.cents == 995; });
  cluster.refused<TakePayment>([](const TakePayment& job) { return job.order == "A-2"; });
  cluster.drain();
  expect(bank.taken == std::map<std::string, int>{{"A-1", 995}}, "A-1 is paid");
  expect(cluster.enqueued<Confirm>().size() == 1, "and confirmed");
}

void a_bank_that_is_closed_is_asked_again() {
  FakeBank bank;
  bank.closed_for = 3;
  Cluster cluster = cluster_of(bank);
  place_order(cluster.tasks(), "A-1", 995);
  cluster.drain();
  expect(bank.calls == 1, "not before its time");
  cluster.advance(std::chrono::hours(1));
  cluster.finish();
  expect(bank.calls == 4 && bank.taken.size() == 1, "until it works");
}

// Wherever a worker dies, money is taken once, and one confirmation is sent.
void a_worker_that_dies_costs_nobody_anything() {
  auto check = [](FakeBank& bank, Cluster& cluster) {
    place_order(cluster.tasks(), "A-1", 995);
    cluster.finish();
    expect(!cluster.alive(0), "the first worker has died");
    expect(bank.taken.size() == 1 && cluster.enqueued<Confirm>().size() == 1, "and all was done, once");
  };
  for (const auto point : penstock::testing::kPoints) {
    FakeBank bank;
    Cluster cluster = cluster_of(bank, 2);
    cluster.kill_at(point, "charge");
    check(bank, cluster);
  }
  FakeBank bank;  // in the handler: the bank has the money, and the mail is not enqueued yet
  Cluster cluster = cluster_of(bank, 2);
  bank.after_charge = [&] {
    if (bank.calls == 1) cluster.die();
  };
  check(bank, cluster);
  expect(bank.calls == 2, "the bank was asked twice");
}

}  // namespace

int main() try {
  an_order_is_charged();
  a_bank_that_is_closed_is_asked_again();
  a_worker_that_dies_costs_nobody_anything();
  std::cout << "all is well\n";
  return 0;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
