// From a config file to options.
#include <penstock/config.hpp>
#include <penstock/error.hpp>

#include "config/core.hpp"

namespace penstock {
namespace {

PluginChoice choice(const config::Loaded& loaded, const std::string& kind, std::string name) {
  config::Section section = loaded.component(kind, name);
  PluginChoice out;
  out.use = std::move(name);
  out.settings = std::move(section.values);
  out.file = section.file;
  out.line = section.line;
  out.lines = std::move(section.lines);
  return out;
}

// What `[kind] use` names; nothing when it is empty.
PluginChoice used(const config::Loaded& loaded, const std::string& kind) {
  const config::Values& table = loaded.table(kind);
  if (table.text("use").empty()) return {};
  PluginChoice out = choice(loaded, kind, std::string(table.text("use")));
  out.module = table.text("module");
  for (std::string& name : table.list("wrap")) out.wrap.push_back(choice(loaded, kind, std::move(name)));
  return out;
}

Level level_of(std::string_view text) {
  if (text == "debug") return Level::debug;
  if (text == "warn") return Level::warn;
  if (text == "error") return Level::error;
  return Level::info;
}

}  // namespace

Options read_config(const std::string& file) {
  config::Loaded loaded = value_or_throw(config::load(file));
  Options o;
  const config::Values& worker = loaded.table("worker");
  o.threads = static_cast<unsigned>(worker.integer("threads"));
  if (!loaded.queues.empty()) o.queues.clear();
  for (const auto& [name, weight] : loaded.queues) o.queues[name] = static_cast<unsigned>(weight);
  o.limits = loaded.limits;
  o.lease = worker.duration("lease");
  o.batch = static_cast<unsigned>(worker.integer("batch"));
  o.timeout = worker.duration("timeout");
  o.grace = worker.duration("grace");
  o.stop_timeout = worker.duration("stop_timeout");
  o.retry.retries = static_cast<std::uint32_t>(worker.integer("retries"));
  o.retry.backoff = worker.duration("backoff");
  o.retry.cap = worker.duration("backoff_cap");
  o.retry.jitter = worker.flag("jitter");
  o.retry_budget = worker.number("retry_budget");
  o.max_crashes = static_cast<unsigned>(worker.integer("max_crashes"));
  o.max_stuck = static_cast<unsigned>(worker.integer("max_stuck"));
  o.local_limit = static_cast<std::uint64_t>(worker.integer("local_limit"));
  o.local_if_full = worker.text("local_if_full") == "block" ? IfFull::block : IfFull::reject;
  o.max_payload = static_cast<std::uint64_t>(worker.integer("max_payload"));
  o.handler_modules = worker.list("handlers");
  for (const auto& [name, section] : loaded.root.child("handlers").children) {
    o.handler_settings[name] = choice(loaded, "handlers", name);
  }
  o.backend = used(loaded, "backend");
  o.durability = loaded.table("backend").text("durability");
  for (const std::string& codec : loaded.table("codec").list("use")) o.codecs.push_back(choice(loaded, "codec", codec));
  for (const std::string& codec : loaded.table("codec").list("also")) {
    o.codecs_also.push_back(choice(loaded, "codec", codec));
  }
  o.limiter = used(loaded, "limiter");
  o.tracer = used(loaded, "tracer");
  o.plugin_path = loaded.table("plugins").list("path");
  o.plugin_allow = loaded.table("plugins").list("allow");
  const config::Values& retention = loaded.table("retention");
  o.ended_count = static_cast<std::size_t>(retention.integer("count"));
  o.ended_age = retention.duration("age");
  o.ended_bytes = static_cast<std::uint64_t>(retention.integer("bytes"));
  const config::Values& results = loaded.table("results");
  o.result_age = results.duration("age");
  o.result_bytes = static_cast<std::uint64_t>(results.integer("bytes"));
  o.log_level = level_of(loaded.table("log").text("level"));
  o.file = file;
  for (const auto& [table, section] : loaded.root.children) {
    for (const auto& [key, line] : section.lines) o.lines[table + "." + key] = line;
  }
  return o;
}

}  // namespace penstock
