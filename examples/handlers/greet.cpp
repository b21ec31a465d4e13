// A module of handlers: what `penstock run` loads when the config says
//
//   [worker]
//   handlers = ["/path/to/libpenstock-greet.so"]
//   [handlers.greet]
//   greeting = "good morning"
//
// It is a plugin like any other: one descriptor, no registration code, nothing of ours to link. A worker that runs
// keeps the module it has; a new one is taken when the worker is started again.
#include <string>
#include <vector>

#include <penstock/handler.hpp>

namespace {

struct Greet {
  std::string name;
};

struct Greeting {
  std::string text;
};

}  // namespace

template <>
inline constexpr auto penstock::fields<Greet> = std::tuple{penstock::field{"name", &Greet::name}};
template <>
inline constexpr auto penstock::fields<Greeting> = std::tuple{penstock::field{"text", &Greeting::text}};
template <>
inline constexpr penstock::Policy penstock::job<Greet> = {.kind = "greet", .queue = "greetings"};

namespace {

constexpr penstock::Setting kSettings[] = {
    {.key = "greeting", .kind = penstock::Kind::string, .fallback = "hello", .doc = "What is said before the name."},
};

class Greetings final : public penstock::Handlers {
 public:
  explicit Greetings(std::string_view greeting) : greeting_(greeting) {}

  static penstock::Result<std::unique_ptr<penstock::Handlers>> open(penstock::Host&,
                                                                    const penstock::Settings& settings) {
    return std::unique_ptr<penstock::Handlers>(std::make_unique<Greetings>(settings.text("greeting")));
  }

  std::vector<Entry> list() noexcept override {
    std::vector<Entry> out;
    out.push_back(penstock::handler_entry<Greet>([greeting = greeting_](penstock::Context& ctx, const Greet& job) {
      ctx.log(penstock::Level::info, "greeting " + job.name);
      return Greeting{greeting + ", " + job.name};
    }));
    return out;
  }

 private:
  std::string greeting_;
};

}  // namespace

PENSTOCK_PLUGIN(greet, "0.1.0", "MIT",
                penstock::component<penstock::Handlers, Greetings>("greet", "Greets whoever is named.", kSettings));
