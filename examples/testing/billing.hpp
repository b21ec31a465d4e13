// A part of a program, to be tested: orders are charged and confirmed in the background.
#pragma once

#include <chrono>
#include <string>
#include <tuple>

#include <penstock/penstock.hpp>

struct TakePayment {
  std::string order;
  int cents = 0;
};
struct Confirm {
  std::string order;
};
template <>
inline constexpr auto penstock::fields<TakePayment> =
    std::tuple{penstock::field{"order", &TakePayment::order}, penstock::field{"cents", &TakePayment::cents}};
template <>
inline constexpr auto penstock::fields<Confirm> = std::tuple{penstock::field{"order", &Confirm::order}};
template <>
inline constexpr penstock::Policy penstock::job<TakePayment> = {
    .kind = "charge", .queue = "billing", .retries = 5, .backoff = std::chrono::minutes(1)};
template <>
inline constexpr penstock::Policy penstock::job<Confirm> = {.kind = "confirm", .queue = "mails"};

// The world outside: the tests have their own.
struct Bank {
  virtual ~Bank() = default;
  // The same key never takes money twice.
  virtual void charge(const std::string& key, int cents) = 0;
};

inline void place_order(penstock::TaskManager& tasks, const std::string& order, int cents) {
  if (cents > 0) tasks.enqueue(TakePayment{order, cents});
}

// What main() calls before run().
inline void handle_billing(penstock::TaskManager& tasks, Bank& bank) {
  tasks.handle<TakePayment>([&tasks, &bank](const TakePayment& job) {
    bank.charge(job.order, job.cents);
    tasks.enqueue(Confirm{job.order},
                  {.unique = job.order, .if_taken = penstock::IfTaken::keep, .unique_for = std::chrono::hours(24)});
  });
  tasks.handle<Confirm>([](penstock::Context& ctx, const Confirm& job) {
    ctx.log(penstock::Level::info, "order " + job.order + " is confirmed");
  });
}
