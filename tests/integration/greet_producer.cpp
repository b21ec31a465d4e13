// Enqueues a greeting as `penstock run` with examples/handlers takes it, and waits for the answer; with
// "--broken" for a name, one that no handler can read, and waits for its end.
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
  if (std::string_view(argv[2]) == "--broken") {
    auto broken = tasks.enqueue_bytes(penstock::job<Greet>, "not a greeting", {.retries = 0});
    auto end = tasks.await(broken, std::chrono::seconds(20));
    return end && end->status == penstock::Status::failed ? 0 : 1;
  }
  auto ref = tasks.enqueue(Greet{argv[2]});
  std::string text = tasks.result<Greeting>(ref, std::chrono::seconds(20)).text;
  std::cout << text << "\n";
  return text == "hello, " + std::string(argv[2]) ? 0 : 1;
}
