// Opens a component of a linked-in plugin as the host would, on a clock that the test moves by hand.
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <penstock/conformance/scene.hpp>
#include <penstock/plugin/plugin.hpp>

#include "config/values.hpp"

namespace penstock::testing {

using conformance::ManualTime;

// A host that keeps quiet, and counts. With `time` null, plugins read the operating system's clocks.
class TestHost final : public Host {
 public:
  explicit TestHost(ManualTime* time = nullptr) : time_(time) {}
  void log(Level level, std::string_view) noexcept override { ++logged_[static_cast<std::size_t>(level)]; }
  int logged(Level level) const { return logged_[static_cast<std::size_t>(level)]; }
  void* query(std::string_view id) noexcept override {
    return time_ && id == TimeSource::kId ? static_cast<TimeSource*>(time_) : nullptr;
  }

 private:
  ManualTime* time_;
  std::array<std::atomic<int>, 4> logged_{};
};

// Creates component `name` of `entry`.
template <class Iface>
Result<std::unique_ptr<Iface>> create_component(PluginEntry entry, const std::string& name, Host& host,
                                                const std::map<std::string, config::Written>& settings = {}) {
  const PluginDescriptor& plugin = *entry();
  for (std::size_t i = 0; i < plugin.components_count; ++i) {
    const Component& c = plugin.components[i];
    if (c.name != name || std::strcmp(c.kind, Iface::kKind) != 0) continue;
    auto values = config::Values::check({c.settings, c.settings_count}, settings);
    if (!values) return values.error();
    Error error;
    if (Interface* made = c.create(host, *values, error)) return std::unique_ptr<Iface>(static_cast<Iface*>(made));
    return error;
  }
  return Error{Errc::not_found, "no component " + name};
}

// The same; throws std::runtime_error with the error's text when it fails.
template <class Iface>
std::unique_ptr<Iface> open_component(PluginEntry entry, const std::string& name, Host& host,
                                      const std::map<std::string, config::Written>& settings = {}) {
  auto made = create_component<Iface>(entry, name, host, settings);
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(made).value();
}

}  // namespace penstock::testing
