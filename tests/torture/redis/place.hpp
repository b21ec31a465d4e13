// Where the backend is, in words that pass to another process.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <penstock/options.hpp>

#include "support/open_plugin.hpp"

extern "C" const penstock::PluginDescriptor* penstock_plugin_0_redis() noexcept;

namespace penstock::torture {

// Lines "key=value". Of sentinels there may be several.
struct RedisPlace {
  std::array<char, 800> text{};

  RedisPlace& set(const std::string& key, const std::string& value) {
    const std::string all = std::string(text.data()) + key + "=" + value + "\n";
    if (all.size() >= text.size()) throw std::runtime_error("too many settings");
    all.copy(text.data(), all.size());
    return *this;
  }
  std::map<std::string, SettingValue> settings() const {
    std::map<std::string, SettingValue> out;
    std::vector<std::string> sentinels;
    std::istringstream lines(text.data());
    for (std::string line; std::getline(lines, line);) {
      const std::string key = line.substr(0, line.find('=')), value = line.substr(key.size() + 1);
      if (key == "sentinels") {
        sentinels.push_back(value);
      } else if (key == "cluster") {
        out[key] = value == "true";
      } else {
        out[key] = value;
      }
    }
    if (!sentinels.empty()) out["sentinels"] = sentinels;
    return out;
  }
  PluginChoice choice() const { return {.use = "redis", .settings = settings()}; }
};

// Tries until it answers; throws std::runtime_error when that takes a minute.
inline std::unique_ptr<DurableBackend> open_redis(const RedisPlace& place, Host& host) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  for (;;) {
    auto made = testing::create_component<DurableBackend>(penstock_plugin_0_redis, "redis", host, place.settings());
    if (made) return std::move(*made);
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error(made.error().message);
  }
}

}  // namespace penstock::torture
