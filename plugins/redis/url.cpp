#include <optional>

#include "decimal.hpp"
#include "options.hpp"

namespace penstock::redis {
namespace {

Error invalid(std::string what) { return Error{Errc::invalid, std::move(what)}; }

int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1, low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return {};
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

bool read_database(std::string_view text, Options& options) {
  const auto n = decimal<std::uint32_t>(text);
  if (n) options.database = *n;
  return n.has_value();
}

// "user:password", "user", ":password"
bool read_user(std::string_view text, Options& options) {
  const std::size_t colon = text.find(':');
  const auto user = percent_decoded(text.substr(0, colon));
  const auto password = percent_decoded(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  if (!user || !password) return false;
  options.user = *user, options.password = *password;
  return true;
}

Result<Options> parse_unix(std::string_view rest) {
  Options options;
  const std::size_t query = rest.find('?');
  options.address = {std::string(rest.substr(0, query)), 0};
  if (options.address.host.size() < 2 || options.address.host.front() != '/')
    return invalid("url: a unix socket is written unix:///path/of/socket");
  if (options.address.host.size() > 107) return invalid("url: the path of a unix socket has at most 107 characters");
  if (query == std::string_view::npos) return options;
  rest.remove_prefix(query + 1);
  if (!rest.starts_with("db=") || !read_database(rest.substr(3), options))
    return invalid("url: after '?' only db=N is known");
  return options;
}

}  // namespace

std::string to_text(const Address& address) {
  if (address.port == 0) return "unix:" + address.host;
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? '[' + address.host + ']' : address.host) + ':' + std::to_string(address.port);
}

Result<Address> parse_address(std::string_view text, std::uint16_t fallback) {
  const std::string shown(text);
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return invalid(shown + ": a ']' is missing");
    host = text.substr(1, close - 1), port = text.substr(close + 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon), port = text.substr(colon);
  }
  if (host.empty()) return invalid(shown + ": the host is missing");
  if (host.find_first_of(" \t\r\n/?#@[]") != std::string_view::npos) return invalid(shown + ": not the name of a host");
  if (port.empty()) return Address{std::string(host), fallback};
  const auto n = decimal<std::uint16_t>(port.substr(1));
  if (port.front() != ':' || !n || *n == 0) return invalid(shown + ": a port is a number from 1 to 65535");
  return Address{std::string(host), *n};
}

Result<Options> parse_url(std::string_view url) {
  if (url.starts_with("unix://")) return parse_unix(url.substr(7));
  Options options;
  options.tls.on = url.starts_with("rediss://");
  if (!options.tls.on && !url.starts_with("redis://"))
    return invalid("url: it starts with redis://, rediss:// or unix://");
  std::string_view rest = url.substr(url.find("//") + 2);
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    if (!read_user(rest.substr(0, at), options))
      return invalid("url: a '%' in user or password is followed by two hexadecimal digits");
    rest.remove_prefix(at + 1);
  }
  const std::size_t slash = rest.find('/');
  auto address = parse_address(rest.substr(0, slash), 6379);
  if (!address) return invalid("url: " + address.error().message);
  options.address = *address;
  if (slash != std::string_view::npos && slash + 1 < rest.size() && !read_database(rest.substr(slash + 1), options))
    return invalid("url: what follows the host is the number of a database");
  return options;
}

}  // namespace penstock::redis
