// Data behind its lock.
#include "base/guarded.hpp"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <thread>
#include <vector>

using penstock::base::Guarded;

TEST_CASE("many threads add to one number and none is lost") {
  Guarded<long> total;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&total] {
        for (int i = 0; i < 50'000; ++i) ++*total.lock();
      });
    }
  }
  CHECK(*total.lock() == 200'000);
}

TEST_CASE("a lock can be given up for a while, and waited with") {
  struct Data {
    bool ready = false;
    int value = 0;
  };
  Guarded<Data> guarded;
  std::condition_variable changed;
  bool owned = true, owns = false;  // Catch2's checks are for one thread
  std::jthread other([&] {
    auto data = guarded.lock();
    data->value = 7;
    data->ready = true;
    data.unlock();
    owned = data.owns();
    changed.notify_one();
    data.relock();
    owns = data.owns();
  });
  {
    auto data = guarded.lock();
    changed.wait(data.native(), [&] { return data->ready; });
    CHECK(data->value == 7);
  }
  other.join();
  CHECK_FALSE(owned);
  CHECK(owns);
}
