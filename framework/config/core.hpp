// The sections that Penstock itself reads, and a whole config file, checked.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/result.hpp>
#include <penstock/plugin/settings.hpp>

#include "config/document.hpp"

namespace penstock::config {

// One core section. Where it has components, `[<name>.<component>]` holds the settings of one.
struct Table {
  std::string_view name;
  const char* doc;
  std::span<const Setting> settings;
  bool components = false;
};
std::span<const Table> core_tables();
std::span<const Setting> limit_settings();  // of each entry of [limits]

// A file whose core sections have passed every check. The sections of components are as written: only
// who knows the component can check them, by `check(table, loaded.component(kind, name))`.
struct Loaded {
  Section root;
  std::map<std::string, Values, std::less<>> tables;  // every core table, with fallbacks filled in
  std::map<std::string, std::int64_t> queues;         // worker.queues: name or "*" to weight
  std::map<std::string, Limit> limits;                // limits: "queue", or "queue/gate"

  const Values& table(std::string_view name) const { return tables.find(name)->second; }
  Section component(const std::string& kind, const std::string& name) const { return root.child(kind).child(name); }
  // An error at `table.key`, with its place in the file.
  Error error(const std::string& table, std::string_view key, const std::string& what) const {
    return root.child(table).error(key, what);
  }
};

// What is wrong with a codec where it stands in codec.use: a value codec comes first, and then transforms. Empty:
// nothing.
std::string misplaced_codec(std::string_view name, bool first, bool transform);

// Checks what was parsed; `load` reads the file first. Any error is one line.
Result<Loaded> check_core(Section root);
Result<Loaded> load(const std::string& path);

}  // namespace penstock::config
