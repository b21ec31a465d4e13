// Enqueues a greeting as `penstock run` with examples/handlers takes it, and waits for the answer.
#include <iostream>

#include <penstock/penstock.hpp>

struct Greet {
  std::string name;
};
struct Greeting {
  std::string text;
};
template <>
inline constexpr auto penstock::fields<Greet> = std::tuple{penstock::field{"name", &Greet::name}};
template <>
inline constexpr auto penstock::fields<Greeting> = std::tuple{penstock::field{"text", &Greeting::text}};
template <>
inline constexpr penstock::Policy penstock::job<Greet> = {.kind = "greet", .queue = "greetings"};

int main(int, char** argv) {
  penstock::Options options = penstock::read_config(argv[1]);
  options.handler_modules.clear();  // a producer needs none
  auto tasks = penstock::TaskManager::open(options);
  auto ref = tasks.enqueue(Greet{argv[2]});
  std::string text = tasks.result<Greeting>(ref, std::chrono::seconds(20)).text;
  std::cout << text << "\n";
  return text == "hello, " + std::string(argv[2]) ? 0 : 1;
}
