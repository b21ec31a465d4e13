#include "plugins/host.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <penstock/builtin.hpp>

#include "config/core.hpp"
#include "plugins/module.hpp"
#include "unit/plugins/scratch.hpp"

using namespace penstock;
using namespace penstock::testing;
using namespace penstock::plugins;

namespace {

struct Nothing final : Interface {
  static constexpr const char* kKind = "tracer";
  static Result<std::unique_ptr<Nothing>> open(Host&, const Settings&) { return std::make_unique<Nothing>(); }
};
constexpr Component kTracer[] = {component<Nothing, Nothing>("inner", "Built in.")};
constexpr PluginDescriptor kGood{
    .name = "good", .version = "9", .license = "MIT", .components = kTracer, .components_count = 1};
constexpr PluginDescriptor kOld{.abi = 41, .name = "old"};

HostOptions options() {
  HostOptions out;
  out.path = {MODULES};
  out.installed.clear();
  return out;
}

std::unique_ptr<PluginHost> make(Host& host, HostOptions with = options()) {
  auto made = PluginHost::make(host, std::move(with));
  if (!made) FAIL(made.error().message);
  return std::move(made).value();
}

std::string refusal(const HostOptions& with) {
  LoggingHost log;
  auto made = PluginHost::make(log, with);
  return made ? "" : made.error().message;
}

config::Section section(const std::string& text, const std::string& kind = "tracer", const std::string& name = "good") {
  auto root = config::parse(text, "f.toml");
  if (!root) FAIL(root.error().message);
  return root->child(kind).child(name);
}

}  // namespace

TEST_CASE("a component of a module is found, created and told of in one line") {
  LoggingHost log;
  auto host = make(log);
  auto made = host->create("tracer", "good", section("[tracer.good]\nurl = \"x\"\n"));
  REQUIRE(made);
  CHECK((*made)->query("test.extra/1") != nullptr);
  CHECK((*made)->query("test.other/1") == nullptr);
  REQUIRE(log.lines.size() == 2);
  CHECK(log.lines[0].second == "x");
  CHECK(log.lines[1].second == "tracer 'good' 1.2.3 from " + module_file("good") + " [test.extra/1]");
}

TEST_CASE("errors in settings name file, line and key") {
  LoggingHost log;
  auto host = make(log);
  auto why = [&](const std::string& text) {
    auto made = host->create("tracer", "good", section(text));
    return made ? "" : made.error().message;
  };
  CHECK(why("[tracer]\n") == "f.toml:1: tracer.good.url: this key is required; expected text in quotes");
  CHECK(why("") == "f.toml: tracer.good.url: this key is required; expected text in quotes");
  CHECK(why("[tracer.good]\nurl = 3\n") == "f.toml:2: tracer.good.url: expected text in quotes, got 3");
  CHECK(why("[tracer.good]\nurl = \"x\"\npoolsize = 3\n") ==
        "f.toml:3: tracer.good.poolsize: unknown key; did you mean \"pool_size\"?");
  CHECK(why("[tracer.good]\nurl = \"x\"\npool_size = 300\n") ==
        "f.toml:3: tracer.good.pool_size: expected a whole number from 1 up to 256, got 300");
  CHECK(why("[tracer.good]\nurl = \"x\"\npassword = \"env:PENSTOCK_TEST_UNSET\"\n") ==
        "f.toml:3: tracer.good.password: the environment variable \"PENSTOCK_TEST_UNSET\" is not set");
}

TEST_CASE("a component that fails to open says why, and the process lives") {
  LoggingHost log;
  auto host = make(log);
  std::string path = module_file("good");
  auto why = [&](const char* name) {
    auto made = host->create("tracer", name, {}, path);
    return made ? "" : made.error().message;
  };
  CHECK(why("throws_int") == "tracer 'throws_int': something that is not a std::exception was thrown");
  CHECK(why("throws") == "tracer 'throws': no\\x0aluck");
  CHECK(why("null") == "tracer 'null': it was not created, and no reason was given");
  CHECK(why("absent") == "tracer \"absent\": " + path + ": has no such component");
  auto down = host->create("tracer", "good", section("[tracer.good]\nurl = \"down\"\n"));
  REQUIRE_FALSE(down);
  CHECK(down.error().code == Errc::unavailable);
  CHECK(down.error().retryable);
  CHECK(down.error().message == "tracer 'good': nobody answers at \"down\"");
}

TEST_CASE("a component's own error about a setting gets its place in the file") {
  LoggingHost log;
  auto host = make(log);
  auto odd = host->create("tracer", "good", section("[tracer.good]\npool_size = 3\nurl = \"odd\"\n"));
  REQUIRE_FALSE(odd);
  CHECK(odd.error().message == "f.toml:3: tracer.good.url: expected an even one, got \"odd\"");
}

TEST_CASE("a search that fails lists every place, in order") {
  LoggingHost log;
  PluginEntry entries[] = {[]() noexcept { return &kGood; }};
  HostOptions with;
  with.builtin = entries, with.path = {"/a"}, with.environment_path = "/b:/c", with.installed = "/d";
  auto found = make(log, with)->find("backend", "acme");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == Errc::not_found);
  std::string file = "/libpenstock-acme.so: No such file or directory";
  const std::string places = "; /a" + file + "; /b" + file + "; /c" + file + "; /d" + file;
  CHECK(found.error().message == "backend \"acme\" is not to be found; tried built in: nothing" + places);
  with.path.clear(), with.environment_path.clear(), with.installed.clear();
  CHECK(make(log, with)->find("tracer", "iner").error().message ==
        "tracer \"iner\" is not to be found; tried built in: inner; did you mean \"inner\"?");
  CHECK(make(log, with)->find("backend", "../x").error().message == "backend \"../x\": names match [a-z][a-z0-9_]*");
}

TEST_CASE("the first directory that has the file decides, even when the file is refused") {
  Folder first;
  write(first / "libpenstock-good.so", "nonsense");
  LoggingHost log;
  HostOptions with = options();
  with.path = {first.path(), MODULES};
  auto found = make(log, with)->find("tracer", "good");
  REQUIRE_FALSE(found);
  CHECK(found.error().message == "tracer \"good\": " + first.path() + "/libpenstock-good.so: not an ELF file");
  with.path = {MODULES, first.path()};
  CHECK(make(log, with)->find("tracer", "good"));
}

TEST_CASE("directories are absolute") {
  HostOptions with = options();
  with.path = {"plugins"};
  CHECK(refusal(with) == "plugins.path: expected absolute directories, got \"plugins\"");
  for (const char* path : {"x", ":/a", "/a:", "/a::/b", "/a:./b"}) {
    CAPTURE(path);
    with = options();
    with.environment_path = path;
    CHECK_THAT(refusal(with), Catch::StartsWith("PENSTOCK_PLUGIN_PATH: expected absolute directories, got \""));
  }
}

TEST_CASE("a plugin that is built in is never loaded beside it") {
  LoggingHost log;
  PluginEntry entries[] = {[]() noexcept { return &kGood; }};
  HostOptions with = options();
  with.builtin = entries;
  auto host = make(log, with);
  CHECK(host->find("tracer", "inner"));
  CHECK(host->find("tracer", "good", module_file("good")).error().message ==
        "tracer \"good\": " + module_file("good") + ": a plugin called \"good\" is here already: built in");
}

TEST_CASE("built-in plugins that break a rule are refused") {
  PluginEntry twice[] = {[]() noexcept { return &kGood; }, []() noexcept { return &kGood; }};
  PluginEntry old[] = {[]() noexcept { return &kOld; }};
  HostOptions with = options();
  with.builtin = twice;
  CHECK(refusal(with) == "two built-in plugins are called \"good\"");
  with.builtin = old;
  CHECK(refusal(with) == "a built-in plugin is refused: built for plugin ABI 41, this program has 0");
}

TEST_CASE("one file is loaded once, whatever it is called; two files of a name are not") {
  Folder folder;
  std::filesystem::create_directories(folder / "link");
  std::filesystem::create_directories(folder / "copy");
  std::filesystem::create_symlink(module_file("good"), folder / "link/libpenstock-good.so");
  std::filesystem::copy_file(module_file("good"), folder / "copy/libpenstock-good.so");
  LoggingHost log;
  auto host = make(log);
  auto first = host->open(module_file("good"));
  auto again = host->open(folder / "link/libpenstock-good.so");
  REQUIRE((first && again));
  CHECK(*first == *again);
  CHECK(host->plugins().size() == 1);
  auto copy = host->open(folder / "copy/libpenstock-good.so");
  REQUIRE_FALSE(copy);
  CHECK(copy.error().message ==
        folder.path() + "/copy/libpenstock-good.so: a plugin called \"good\" is here already: " + module_file("good"));
}

TEST_CASE("only modules on the allow-list are loaded") {
  LoggingHost log;
  HostOptions with = options();
  with.allow = {"redis"};
  auto found = make(log, with)->find("tracer", "good");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == Errc::permission);
  CHECK(found.error().message ==
        "tracer \"good\": " + module_file("good") + ": plugin \"good\" is not in plugins.allow");
  with.allow.emplace_back("good");
  CHECK(make(log, with)->find("tracer", "good"));
}

TEST_CASE("another stamp is taken by force alone, with a warning") {
  LoggingHost log;
  CHECK_FALSE(make(log)->open(module_file("stamped")));
  HostOptions with = options();
  with.force = true;
  CHECK(make(log, with)->open(module_file("stamped")));
  REQUIRE(log.lines.size() == 1);
  CHECK(log.lines[0].first == Level::warn);
  CHECK_THAT(log.lines[0].second, Catch::Contains("loaded by force: stamp \"") && Catch::Contains("debug=1"));
  CHECK_FALSE(make(log, with)->open(module_file("abi_number")));  // the number is not a matter of force
}

TEST_CASE("the environment says where to look and whether to insist") {
  ::setenv("PENSTOCK_PLUGIN_PATH", "/x:/y", 1);
  ::setenv("PENSTOCK_PLUGIN_FORCE", "1", 1);
  HostOptions with;
  with.from_environment();
  CHECK(with.environment_path == "/x:/y");
  CHECK(with.force);
  ::setenv("PENSTOCK_PLUGIN_FORCE", "0", 1);
  CHECK_FALSE(with.from_environment().force);
  ::unsetenv("PENSTOCK_PLUGIN_FORCE");
  ::unsetenv("PENSTOCK_PLUGIN_PATH");
  CHECK_THAT(with.installed, Catch::EndsWith("/penstock/plugins-" PENSTOCK_STR(PENSTOCK_PLUGIN_ABI)));
}

TEST_CASE("the plugins that are linked in keep the rules") {
  LoggingHost log;
  HostOptions with;
  with.builtin = builtin_plugins();
  CHECK(refusal(with) == "");
}

TEST_CASE("what is linked in says the same as its module: there is one door") {
  LoggingHost log;
  HostOptions with;
  with.installed.clear();
  with.builtin = builtin_plugins();
  auto linked = make(log, with);
  with.builtin = {};
  auto loaded = make(log, with);
  for (const auto& plugin : linked->plugins()) {
    auto module = loaded->open(std::string(PLUGINS) + "/" + file_of_plugin(plugin->name));
    if (!module) FAIL(module.error().message);
    Plugin renamed = **module;
    renamed.origin = plugin->origin;
    CHECK(describe(renamed) == describe(*plugin));
  }
}
