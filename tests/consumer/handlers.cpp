// A consumer's test of its handlers: a worker dies, and another one does its work.
#include <penstock/testing.hpp>

namespace {

struct Add {
  int left = 0, right = 0;
};

}  // namespace

template <>
inline constexpr auto penstock::fields<Add> =
    std::tuple{penstock::field{"left", &Add::left}, penstock::field{"right", &Add::right}};
template <>
inline constexpr penstock::Policy penstock::job<Add> = {.kind = "add"};

int main() {
  int sum = 0;
  penstock::testing::Cluster cluster(
      [&](penstock::TaskManager& tasks) { tasks.handle<Add>([&](const Add& add) { sum = add.left + add.right; }); },
      {.workers = 2});
  cluster.tasks().enqueue(Add{20, 22});
  cluster.kill_at(penstock::testing::Point::before_handler);
  cluster.finish();
  return sum == 42 && !cluster.alive(0) ? 0 : 1;
}
