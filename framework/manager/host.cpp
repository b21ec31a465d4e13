#include "manager/host.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace penstock::impl {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string escaped(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (char c : text) {
    auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet != 0x7f) {
      out += c;
    } else if (c == '\n' || c == '\t') {
      out += ' ';
    } else {
      out += "\\x";
      out += kDigits[octet >> 4];
      out += kDigits[octet & 15];
    }
  }
  return out;
}

}  // namespace

HostServices::HostServices(Level level, Clock& clock)
    : clock_(clock),
      logger_(std::make_shared<spdlog::logger>("penstock", std::make_shared<spdlog::sinks::stderr_color_sink_mt>())) {
  logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  logger_->set_level(to_spdlog(level));
}
HostServices::~HostServices() = default;

void HostServices::log(Level level, std::string_view message) noexcept {
  try {
    logger_->log(to_spdlog(level), escaped(message));
  } catch (...) {  // a full disk must not stop work
  }
}

void* HostServices::query(std::string_view id) noexcept {
  return id == TimeSource::kId ? static_cast<TimeSource*>(&clock_) : nullptr;
}

}  // namespace penstock::impl
