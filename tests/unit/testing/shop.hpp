// What the tests of penstock/testing.hpp work with: a shop that charges orders and sends receipts.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include <penstock/testing.hpp>

using namespace std::chrono_literals;
using penstock::testing::Cluster;
using penstock::testing::ClusterOptions;
using penstock::testing::Failed;
using penstock::testing::Mode;
using penstock::testing::Point;

struct Pay {
  int order = 0;
};
struct Receipt {
  int order = 0;
};
template <>
inline constexpr auto penstock::fields<Pay> = std::tuple{penstock::field{"order", &Pay::order}};
template <>
inline constexpr auto penstock::fields<Receipt> = std::tuple{penstock::field{"order", &Receipt::order}};
template <>
inline constexpr penstock::Policy penstock::job<Pay> = {
    .kind = "charge", .queue = "money", .retries = 2, .backoff = 1min, .jitter = false};
template <>
inline constexpr penstock::Policy penstock::job<Receipt> = {.kind = "receipt"};

struct Shop {
  std::vector<int> charged;  // by every attempt that got so far
  std::vector<std::uint32_t> attempts;
  std::vector<int> receipts;
  std::function<void(penstock::Context&, int)> in_charge = [](penstock::Context&, int) {};

  std::function<void(penstock::TaskManager&)> setup() {
    return [this](penstock::TaskManager& tasks) {
      tasks.handle<Pay>([this](penstock::Context& ctx, const Pay& job) {
        attempts.push_back(ctx.task().attempt);
        in_charge(ctx, job.order);
        charged.push_back(job.order);
      });
      tasks.handle<Receipt>([this](const Receipt& job) { receipts.push_back(job.order); });
    };
  }
};

// What the call says is wrong; empty: nothing.
inline std::string refusal(const std::function<void()>& call) {
  try {
    call();
    return {};
  } catch (const std::exception& e) {
    return e.what();
  }
}
