#include "config/document.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <toml++/toml.h>

#include "config/nesting.hpp"

namespace penstock::config {
namespace {

std::string place(const std::string& file, int line) {
  return file.empty() ? "" : printable(file, 4096) + (line > 0 ? ":" + std::to_string(line) : "") + ": ";
}

Error fault(const std::string& file, int line, const std::string& what) {
  return Error{Errc::invalid, place(file, line) + what};
}

int line_of(const toml::source_region& source) { return static_cast<int>(source.begin.line); }

// What stands before the `=` of a line: the best name for the key of a syntax error.
std::string key_on_line(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {};
  text = text.substr(0, equals);
  std::size_t from = text.find_first_not_of(" \t{"), to = text.find_last_not_of(" \t");
  return from == std::string_view::npos || from > to ? "" : printable(text.substr(from, to - from + 1), 64) + ": ";
}

const char* kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
    case toml::node_type::string:
      return "text";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a number";
  }
}

// Turns a parsed table into sections, and stops at the first value of a kind that no setting has.
class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  Result<void> fill(const toml::table& from, Section& to) {
    for (const auto& [key, node] : from) {
      std::string name(key.str());
      std::string full = to.name.empty() ? name : to.name + "." + name;
      int line = line_of(key.source());
      if (const toml::table* table = node.as_table()) {
        Section& child = to.children[name];
        child.file = file_, child.name = full, child.line = line;
        if (auto filled = fill(*table, child); !filled) return filled;
        continue;
      }
      auto value = convert(node, full, line);
      if (!value) return value.error();
      to.values.emplace(name, std::move(*value));
      to.lines.emplace(name, line);
    }
    return {};
  }

 private:
  Result<Written> convert(const toml::node& node, const std::string& key, int line) {
    if (const auto* b = node.as_boolean()) return Written(b->get());
    if (const auto* i = node.as_integer()) return Written(i->get());
    if (const auto* d = node.as_floating_point()) return Written(d->get());
    if (const auto* s = node.as_string()) return Written(s->get());
    const toml::array* array = node.as_array();
    if (!array) return fault(file_, line, printable(key) + ": no setting takes " + kind_of(node));
    std::vector<std::string> items;
    for (const toml::node& item : *array) {
      const auto* s = item.as_string();
      if (item.is_table()) return fault(file_, line, printable(key) + ": no setting takes a list of tables");
      if (!s) {
        return fault(file_, line, printable(key) + ": expected a list of texts, got " + kind_of(item) + " in it");
      }
      items.push_back(s->get());
    }
    return Written(std::move(items));
  }

  const std::string& file_;
};

}  // namespace

Error Section::error(std::string_view key, const std::string& what) const {
  auto at = lines.find(std::string(key));
  auto below = children.find(std::string(key));
  int where = at != lines.end() ? at->second : below != children.end() ? below->second.line : line;
  std::string full = name + (name.empty() || key.empty() ? "" : ".") + std::string(key);
  return fault(file, where, printable(full) + ": " + what);
}

Section Section::child(const std::string& key) const {
  auto at = children.find(key);
  if (at != children.end()) return at->second;
  Section empty;
  empty.file = file, empty.line = line, empty.name = name + (name.empty() ? "" : ".") + key;
  return empty;
}

Result<Section> parse(std::string_view text, const std::string& file) {
  if (text.size() > kMaxFile) return fault(file, 0, "larger than 1MiB, the limit of a config file");
  if (std::size_t good = utf8_prefix(text); good < text.size()) {
    int line = 1 + static_cast<int>(std::count(text.begin(), text.begin() + good, '\n'));
    return fault(file, line, key_on_line(text, line) + "not UTF-8");
  }
  if (int line = too_deep(text, kMaxNesting)) {
    return fault(file, line, key_on_line(text, line) + "nested deeper than " + std::to_string(kMaxNesting));
  }
  try {
    Section root;
    root.file = file;
    toml::table table = toml::parse(text);
    if (auto filled = Reader(file).fill(table, root); !filled) return filled.error();
    return root;
  } catch (const toml::parse_error& e) {
    int line = line_of(e.source());
    return fault(file, line, key_on_line(text, line) + printable(e.description(), 300));
  } catch (const std::exception& e) {
    return fault(file, 0, printable(e.what(), 300));
  }
}

Result<Section> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fault(path, 0, std::string("cannot be opened: ") + std::strerror(errno));
  std::string text(kMaxFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fault(path, 0, "cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse(text, path);
}

Result<Values> check(std::span<const Setting> table, const Section& section) {
  std::string key;
  auto values = Values::check(table, section.values, &key);
  if (values) return values;
  std::string what = values.error().message.substr(std::min(printable(key).size() + 2, values.error().message.size()));
  return section.error(key, what);
}

}  // namespace penstock::config
