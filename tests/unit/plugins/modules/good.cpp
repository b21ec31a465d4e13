// A plugin that keeps every rule: a tracer that does nothing, with a setting of each kind that matters.
#include <stdexcept>

#include <penstock/plugin/plugin.hpp>

namespace {

using namespace penstock;

struct Silence : Interface {
  static constexpr const char* kKind = "tracer";
};
struct Extra {
  static constexpr std::string_view kId = "test.extra/1";
};

constexpr Setting kSettings[] = {
    {.key = "url", .kind = Kind::string, .fallback = nullptr, .doc = "Server."},
    {.key = "pool_size", .kind = Kind::integer, .fallback = "8", .doc = "Connections kept open.", .min = 1, .max = 256},
    {.key = "password", .kind = Kind::secret, .fallback = "", .doc = "Password."},
};

struct Good final : Silence, Extra {
  static Result<std::unique_ptr<Silence>> open(Host& host, const Settings& settings) {
    if (settings.text("url") == "down") return Error{Errc::unavailable, "nobody answers at \"down\"", true};
    if (settings.text("url") == "odd") return Error{Errc::invalid, "url: expected an even one, got \"odd\""};
    host.log(Level::debug, settings.text("url"));
    return std::make_unique<Good>();
  }
  void* query(std::string_view id) noexcept override { return offer<Extra>(this, id); }
};
struct ThrowsInt final : Silence {
  static Result<std::unique_ptr<Silence>> open(Host&, const Settings&) { throw 7; }
};
struct Throws final : Silence {
  static Result<std::unique_ptr<Silence>> open(Host&, const Settings&) { throw std::runtime_error("no\nluck"); }
};
struct Null final : Silence {
  static Result<std::unique_ptr<Silence>> open(Host&, const Settings&) { return std::unique_ptr<Silence>(); }
};

}  // namespace

PENSTOCK_PLUGIN(good, "1.2.3", "MIT", component<Silence, Good, Extra>("good", "Does nothing, well.", kSettings),
                component<Silence, ThrowsInt>("throws_int", "Fails."), component<Silence, Throws>("throws", "Fails."),
                component<Silence, Null>("null", "Fails without a word."));
