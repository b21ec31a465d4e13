// The program of the README: one task type, one handler, a durable queue.
#include <iostream>

#include <penstock/penstock.hpp>

struct Greet {
  std::string name;
};
template <>
inline constexpr auto penstock::fields<Greet> = std::tuple{penstock::field{"name", &Greet::name}};
template <>
inline constexpr penstock::Policy penstock::job<Greet> = {.kind = "greet", .queue = "greetings", .retries = 5};

int main() try {
  penstock::Options options;
  options.backend = {.use = "sqlite", .settings = {{"path", "greetings.db"}}};
  auto tasks = penstock::TaskManager::open(options);  // or open("penstock.toml")
  tasks.handle<Greet>([](penstock::Context& ctx, const Greet& job) {
    std::cout << "hello, " + job.name + ", attempt " + std::to_string(ctx.task().attempt) + "\n";
  });
  tasks.enqueue(Greet{"world"});
  tasks.enqueue(Greet{"later"}, {.delay = std::chrono::seconds(1)});
  return tasks.drain();  // until nothing is left; run() works until SIGTERM
} catch (const penstock::Exception& e) {
  std::cerr << e.what() << "\n";  // one line: what is wrong, and where
  return 1;
}
