// What a manager lends to its plugins: a log and its clock.
#pragma once

#include <memory>
#include <string_view>

#include <penstock/clock.hpp>
#include <penstock/plugin/plugin.hpp>

namespace spdlog {
class logger;
}

namespace penstock::impl {

// Lines go to stderr through spdlog; control characters in them are escaped. Thread: any.
class HostServices final : public Host {
 public:
  HostServices(Level level, Clock& clock);
  ~HostServices();
  void log(Level level, std::string_view message) noexcept override;
  void* query(std::string_view id) noexcept override;

 private:
  Clock& clock_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace penstock::impl
