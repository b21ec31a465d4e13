#include "config/core.hpp"

#include <algorithm>
#include <set>

#include <penstock/plugin/names.hpp>

namespace penstock::config {
namespace {

constexpr const char* kComponentName = "expected a name of [a-z][a-z0-9_]*, got ";

const Table* find_table(std::string_view name) {
  auto tables = core_tables();
  auto at = std::find_if(tables.begin(), tables.end(), [&](const Table& t) { return t.name == name; });
  return at == tables.end() ? nullptr : &*at;
}

Result<void> check_names(const Section& root) {
  std::vector<std::string_view> known;
  for (const Table& t : core_tables()) known.push_back(t.name);
  for (const auto& [key, value] : root.values) {
    bool section = find_table(key) != nullptr;
    return root.error(key,
                      section ? "expected a section" : "unknown key outside of any section" + suggestion(key, known));
  }
  for (const auto& [key, section] : root.children) {
    if (!find_table(key)) return root.error(key, "unknown section" + suggestion(key, known));
  }
  return {};
}

// The sections below a core section: those of its components, and worker.queues.
Result<void> check_children(const Table& table, const Section& section) {
  for (const auto& [key, child] : section.children) {
    auto declared =
        std::find_if(table.settings.begin(), table.settings.end(), [&k = key](const Setting& s) { return s.key == k; });
    if (declared != table.settings.end())
      return section.error(key, "expected " + expected(*declared) + ", got a table");
    if (table.name == "worker" && key == "queues") continue;
    if (table.name == "limits") continue;
    std::vector<std::string_view> known;
    if (table.name == "worker") known.emplace_back("queues");
    if (!table.components) return section.error(key, "unknown section" + suggestion(key, known));
    if (!component_name(key)) return section.error(key, kComponentName + quoted(key));
    if (!child.children.empty()) return child.error(child.children.begin()->first, "no setting takes a table");
  }
  return {};
}

Result<void> read_queues(const Section& worker, std::map<std::string, std::int64_t>& queues) {
  constexpr Setting kWeight{"weight", Kind::integer, nullptr, "", 1, 1'000'000};
  auto at = worker.children.find("queues");
  if (at == worker.children.end()) {
    queues.emplace("*", 1);
    return {};
  }
  const Section& written = at->second;
  if (!written.children.empty()) {
    return written.error(written.children.begin()->first, "expected " + expected(kWeight) + ", got a table");
  }
  for (const auto& [name, value] : written.values) {
    if (name != "*" && !valid_name(name)) {
      return written.error(name, "expected a queue name of [A-Za-z0-9._-]{1,128}, or \"*\"");
    }
    auto weight = Values::check({&kWeight, 1}, {{"weight", value}});
    if (!weight) return written.error(name, weight.error().message.substr(std::string("weight: ").size()));
    queues.emplace(name, weight->integer("weight"));
  }
  if (queues.empty()) return written.error("", "expected at least one queue");
  return {};
}

// "queue", or "queue/gate": a gate may be called anything.
bool limit_name(std::string_view name) {
  const std::size_t slash = name.find('/');
  const std::string_view gate = slash == std::string_view::npos ? "gate" : name.substr(slash + 1);
  return valid_name(name.substr(0, slash)) && !gate.empty() && gate.size() <= kMaxKey;
}

Result<void> read_limits(const Section& written, std::map<std::string, Limit>& limits) {
  for (const auto& [name, value] : written.values) {
    return written.error(name, "expected a table, such as { running = 4, rate = \"100/s\", burst = 20 }");
  }
  for (const auto& [name, section] : written.children) {
    if (!limit_name(name)) {
      return written.error(name, "expected \"queue\" or \"queue/gate\", the queue of [A-Za-z0-9._-]{1,128}");
    }
    if (!section.children.empty()) return section.error(section.children.begin()->first, "no setting takes a table");
    auto values = check(limit_settings(), section);
    if (!values) return values.error();
    limits[name] = {.running = values->integer("running"),
                    .per_second = values->number("rate"),
                    .burst = static_cast<std::uint32_t>(values->integer("burst"))};
  }
  return {};
}

// A list of components: names, none of them twice.
Result<void> check_list(const Loaded& loaded, const char* table, const char* key) {
  std::set<std::string> seen;
  for (const std::string& name : loaded.table(table).list(key)) {
    if (!component_name(name)) return loaded.error(table, key, kComponentName + quoted(name));
    if (!seen.insert(name).second) return loaded.error(table, key, quoted(name) + " stands there twice");
  }
  return {};
}

bool absolute(std::string_view path) { return path.size() > 1 && path[0] == '/'; }

// Rules that are about more than one value's form.
Result<void> check_meaning(const Loaded& loaded) {
  for (const char* table : {"backend", "limiter", "tracer"}) {
    std::string_view name = loaded.table(table).text("use");
    bool none = name.empty() && std::string_view(table) != "backend";
    if (!none && !component_name(name)) return loaded.error(table, "use", kComponentName + quoted(name));
    if (auto wrap = check_list(loaded, table, "wrap"); !wrap) return wrap;
    if (none && !loaded.table(table).list("wrap").empty()) {
      return loaded.error(table, "wrap", "there is nothing to go around: \"use\" is empty");
    }
  }
  if (loaded.table("codec").list("use").empty()) {
    return loaded.error("codec", "use", "expected at least a value codec, got an empty list");
  }
  for (const char* key : {"use", "also"}) {
    if (auto codecs = check_list(loaded, "codec", key); !codecs) return codecs;
  }
  for (const std::string& name : loaded.table("plugins").list("allow")) {
    if (!component_name(name)) return loaded.error("plugins", "allow", kComponentName + quoted(name));
  }
  for (const std::string& path : loaded.table("plugins").list("path")) {
    if (!absolute(path)) return loaded.error("plugins", "path", "expected absolute directories, got " + quoted(path));
  }
  for (const std::string& module : loaded.table("worker").list("handlers")) {
    if (component_name(module) || absolute(module)) continue;
    return loaded.error("worker", "handlers", "expected plugin names or absolute paths, got " + quoted(module));
  }
  for (const char* table : {"backend", "limiter", "tracer"}) {
    std::string_view module = loaded.table(table).text("module");
    if (module.empty() || absolute(module)) continue;
    return loaded.error(table, "module", "expected an absolute path, got " + quoted(module));
  }
  return {};
}

}  // namespace

std::string misplaced_codec(std::string_view name, bool first, bool transform) {
  if (first != transform) return {};
  return quoted(name) + (first ? " is a transform: a value codec comes first"
                               : " is a second value codec: one that only reads goes into codec.also");
}

Result<Loaded> check_core(Section root) {
  if (auto named = check_names(root); !named) return named.error();
  Loaded out;
  out.root = std::move(root);
  for (const Table& table : core_tables()) {
    std::string name(table.name);
    Section section = out.root.child(name);
    if (name == "worker" && section.values.count("queues")) {
      return section.error("queues", "expected a table of queue names and weights, such as { default = 3 }");
    }
    if (name == "limits") section.values.clear();  // read_limits says what is wrong with them
    auto values = check(table.settings, section);
    if (!values) return values.error();
    if (auto below = check_children(table, section); !below) return below.error();
    out.tables.emplace(name, std::move(*values));
  }
  if (auto read = read_queues(out.root.child("worker"), out.queues); !read) return read.error();
  if (auto read = read_limits(out.root.child("limits"), out.limits); !read) return read.error();
  if (auto meant = check_meaning(out); !meant) return meant.error();
  return out;
}

Result<Loaded> load(const std::string& path) {
  auto root = config::read(path);
  if (!root) return root.error();
  return check_core(std::move(*root));
}

}  // namespace penstock::config
