// Components that go around another one: found by their role, created from the inside out.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plugins/host.hpp"
#include "unit/plugins/scratch.hpp"

using namespace penstock;
using namespace penstock::testing;
using namespace penstock::plugins;

namespace {

std::vector<std::string> gone;  // names of the objects that were destroyed, in order

// A tracer whose spans tell what it is made of.
struct Named : Interface {
  static constexpr const char* kKind = "tracer";
  explicit Named(std::string what) : name(std::move(what)) {}
  ~Named() override { gone.push_back(name); }
  static Result<std::unique_ptr<Named>> open(Host&, const Settings&) { return std::make_unique<Named>("plain"); }
  std::string name;
};

constexpr Setting kSettings[] = {{"mark", Kind::string, "around", "What it calls itself."}};

struct Around final : Named {
  Around(std::string mark, std::unique_ptr<Named> inner)
      : Named(mark + "(" + inner->name + ")"), inner_(std::move(inner)) {}
  static Result<std::unique_ptr<Named>> wrap(Host&, const Settings& settings, std::unique_ptr<Named> inner) {
    return std::unique_ptr<Named>(std::make_unique<Around>(std::string(settings.text("mark")), std::move(inner)));
  }

 private:
  std::unique_ptr<Named> inner_;
};
struct Refuses final : Named {
  static Result<std::unique_ptr<Named>> wrap(Host&, const Settings&, std::unique_ptr<Named>) {
    return Error{Errc::unavailable, "not today"};
  }
};
struct Throws final : Named {
  static Result<std::unique_ptr<Named>> wrap(Host&, const Settings&, std::unique_ptr<Named>) { throw 7; }
};
struct Extra {
  static constexpr std::string_view kId = "test.extra/1";
};

constexpr Component kComponents[] = {component<Named, Named>("plain", "Stands by itself."),
                                     wrapper<Named, Around, Extra>("around", "Goes around.", kSettings),
                                     wrapper<Named, Refuses>("refuses", "Fails."),
                                     wrapper<Named, Throws>("throws", "Fails worse.")};
constexpr PluginDescriptor kPlugin{
    .name = "named", .version = "1", .license = "MIT", .components = kComponents, .components_count = 4};

struct Scene {
  Scene() {
    gone.clear();
    HostOptions options;
    options.builtin = entries;
    options.installed.clear();
    auto made = PluginHost::make(log, options);
    REQUIRE(made);
    host = std::move(made).value();
  }
  std::unique_ptr<Interface> plain() { return std::move(host->create("tracer", "plain", {})).value(); }

  LoggingHost log;
  PluginEntry entries[1] = {[]() noexcept { return &kPlugin; }};
  std::unique_ptr<PluginHost> host;
};

std::string name_of(const Result<std::unique_ptr<Interface>>& made) { return static_cast<Named&>(**made).name; }
std::string why(const Result<std::unique_ptr<Interface>>& made) { return made ? "" : made.error().message; }

}  // namespace

TEST_CASE("a wrapper is given the object that it goes around, and its own settings") {
  Scene scene;
  config::Section outer;
  outer.values["mark"] = std::string("outer");
  auto made = scene.host->wrap("tracer", "around", {}, scene.plain());
  REQUIRE(made);
  made = scene.host->wrap("tracer", "around", outer, std::move(made).value());
  REQUIRE(made);
  CHECK(name_of(made) == "outer(around(plain))");
  CHECK(scene.log.lines.back().second == "tracer wrapper 'around' 1 from built in [test.extra/1]");
  made = Error{};
  CHECK(gone == std::vector<std::string>{"plain", "around(plain)", "outer(around(plain))"});
}

TEST_CASE("a wrapper that fails has destroyed what it was given, and says why") {
  Scene scene;
  CHECK(why(scene.host->wrap("tracer", "refuses", {}, scene.plain())) == "tracer wrapper 'refuses': not today");
  CHECK(gone.size() == 1);
  CHECK(why(scene.host->wrap("tracer", "throws", {}, scene.plain())) ==
        "tracer wrapper 'throws': something that is not a std::exception was thrown");
  CHECK(gone.size() == 2);
  config::Section wrong;
  wrong.file = "f.toml", wrong.name = "tracer.around", wrong.values["mrk"] = std::string(), wrong.lines["mrk"] = 3;
  CHECK(why(scene.host->wrap("tracer", "around", wrong, scene.plain())) ==
        "f.toml:3: tracer.around.mrk: unknown key; did you mean \"mark\"?");
  CHECK(gone.size() == 3);
}

TEST_CASE("a component of the other role is refused, one that is not there is looked for in its role") {
  Scene scene;
  CHECK(why(scene.host->create("tracer", "around", {})) ==
        "tracer \"around\" is a wrapper: it goes into tracer.wrap, around what tracer.use names");
  CHECK(why(scene.host->wrap("tracer", "plain", {}, scene.plain())) ==
        "tracer \"plain\" is no wrapper: it goes into tracer.use");
  CHECK(why(scene.host->wrap("tracer", "arond", {}, scene.plain())) ==
        "tracer wrapper \"arond\" is not to be found; tried built in: around refuses throws; did you mean \"around\"?");
  CHECK(why(scene.host->create("tracer", "plan", {})) ==
        "tracer \"plan\" is not to be found; tried built in: plain; did you mean \"plain\"?");
  CHECK(why(scene.host->wrap("limiter", "around", {}, scene.plain())) ==
        "limiter wrapper \"around\" is not to be found; tried built in: nothing");
}

TEST_CASE("what a plugin says of itself tells wrappers from the others") {
  Scene scene;
  const std::string text = describe(*scene.host->plugins().front());
  CHECK_THAT(text, Catch::Contains("# tracer plain: Stands by itself.\n"));
  CHECK_THAT(text, Catch::Contains("# tracer wrapper around: Goes around.\n# adds test.extra/1\n[tracer.around]\n"));
}
