// Enqueues greetings as `penstock run` takes them with the handlers of examples/plugin-template.
//
//   greet_producer CONFIG NAME [QUEUE]   one, waits for the answer and prints it
//   greet_producer CONFIG --leave NAME   one, and waits for nothing
//   greet_producer CONFIG --broken       one that no handler can read, and waits for its end
#include <iostream>
#include <string>

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
inline constexpr penstock::Policy penstock::job<Greet> = {.kind = "acme.greet", .queue = "acme"};

int main(int argc, char** argv) {
  const std::string name = argv[2], more = argc > 3 ? argv[3] : "";
  penstock::Options options = penstock::read_config(argv[1]);
  options.handler_modules.clear();  // a producer needs none
  auto tasks = penstock::TaskManager::open(options);
  if (name == "--leave") {
    tasks.enqueue(Greet{more});
    return 0;
  }
  if (name == "--broken") {
    auto ref = tasks.enqueue_bytes(penstock::job<Greet>, "not a greeting", {.retries = 0});
    auto end = tasks.await(ref, std::chrono::seconds(20));
    return end && end->status == penstock::Status::failed ? 0 : 1;
  }
  auto ref = tasks.enqueue(Greet{name}, {.queue = more});
  std::string text = tasks.result<Greeting>(ref, std::chrono::seconds(20)).text;
  std::cout << text << "\n";
  return text.ends_with(", " + name) ? 0 : 1;
}
