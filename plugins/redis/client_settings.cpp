#include "client_settings.hpp"

#include <utility>

namespace penstock::redis {

Error setting(const char* key, const std::string& why) { return {Errc::invalid, std::string(key) + ": " + why}; }

Result<Options> client_options(const Settings& s) {
  auto parsed = parse_url(s.text("url"));
  if (!parsed) return setting("url", parsed.error().message);
  Options o = std::move(*parsed);
  if (!s.text("user").empty()) o.user = s.text("user");
  if (!s.text("password").empty()) o.password = s.text("password");
  o.cluster = s.flag("cluster");
  o.master = s.text("master");
  for (const std::string& text : s.list("sentinels")) {
    auto at = parse_address(text, 26379);
    if (!at) return setting("sentinels", at.error().message);
    o.sentinels.push_back(std::move(*at));
  }
  if (o.master.empty() != o.sentinels.empty()) return setting("master", "wants `sentinels`, and they want it");
  o.sentinel_user = s.text("sentinel_user");
  o.sentinel_password = s.text("sentinel_password");
  o.tls.ca_file = s.text("tls_ca");
  o.tls.cert_file = s.text("tls_cert");
  o.tls.key_file = s.text("tls_key");
  o.tls.server_name = s.text("tls_name");
  o.connections = static_cast<std::size_t>(s.integer("connections"));
  return o;
}

namespace {

bool valid_prefix(std::string_view p) noexcept {
  return !p.empty() && p.size() <= 64 &&
         p.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
             "0123456789._-") == std::string_view::npos;
}

}  // namespace

Result<std::string> key_prefix(const Settings& s) {
  std::string prefix(s.text("prefix"));
  if (!valid_prefix(prefix)) return setting("prefix", "has 1 to 64 letters, digits, '.', '_', '-'");
  return prefix;
}

TimeSource* lent_clock(Host& host, const Settings& s) {
  return s.text("clock") == "host" ? static_cast<TimeSource*>(host.query(TimeSource::kId)) : nullptr;
}

}  // namespace penstock::redis
