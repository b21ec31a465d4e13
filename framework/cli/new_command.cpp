// penstock plugin new: a project that builds and passes the kit before anything is typed.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <penstock/builtin.hpp>

#include "cli/replaced.hpp"
#include "cli/setup.hpp"
#include "cli/templates.hpp"

namespace penstock::cli {
namespace {

constexpr std::string_view kName = "acme", kKind = "KIND";  // as the template has them

Result<void> check_name(const std::string& name) {
  if (!config::component_name(name)) {
    return Error{Errc::invalid, "expected a name of [a-z][a-z0-9_]*, at most 64 of them, got " + config::quoted(name)};
  }
  // It becomes part of a C symbol, which the preprocessor sees.
  constexpr std::string_view kMacros[] = {"errno", "stdin", "stdout", "stderr", "linux", "unix"};
  if (std::ranges::find(kMacros, name) != std::end(kMacros)) {
    return Error{Errc::invalid, "\"" + name + "\" is a macro of the C library; take another name"};
  }
  for (PluginEntry entry : builtin_plugins()) {
    if (entry()->name == name)
      return Error{Errc::invalid, "a plugin called \"" + name + "\" is built in; take another name"};
  }
  return {};
}

Result<void> write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (file.flush()) return {};
  return Error{Errc::unavailable, config::printable(path.string(), 4096) + ": cannot be written"};
}

Result<void> write_project(const std::filesystem::path& folder, const std::string& name, const std::string& kind) {
  std::error_code failed;
  if (std::filesystem::exists(std::filesystem::symlink_status(folder, failed))) {
    return Error{Errc::invalid, config::printable(folder.string(), 4096) + ": is there already; nothing was written"};
  }
  std::filesystem::create_directories(folder / "src", failed);
  if (failed) return Error{Errc::unavailable, config::printable(folder.string(), 4096) + ": " + failed.message()};
  for (const TemplateFile& file : template_project()) {
    const std::string text = replaced(replaced(file.text, kName, name), kKind, kind);
    if (auto done = write(folder / file.path, text); !done) return done;
  }
  return write(folder / "src" / (name + ".cpp"), replaced(template_source(kind), kName, name));
}

}  // namespace

int plugin_new(const Arguments& arguments) {
  const std::string& name = arguments.words[0];
  const std::string kind = arguments.option("kind").value_or("backend");
  const std::filesystem::path folder = arguments.words.size() > 1 ? arguments.words[1] : name;
  if (auto good = check_name(name); !good) return fail(good.error());
  if (template_source(kind).empty()) {
    return fail("--kind: expected backend, codec, handlers, limiter or tracer, got " + config::quoted(kind) +
                    config::suggestion(kind, template_kinds()),
                kUsage);
  }
  if (folder.empty()) return fail("expected a folder, got \"\"", kUsage);
  if (auto written = write_project(folder, name, kind); !written) return fail(written.error());
  const std::string where = config::printable(folder.string(), 4096);
  std::cout << where << ": a " << kind << " called " << name << "\n"
            << "  meson setup " << where << "/build " << where << " && ninja -C " << where << "/build\n"
            << "  penstock plugin check " << where << "/build/libpenstock-" << name << ".so\n";
  return kOk;
}

}  // namespace penstock::cli
