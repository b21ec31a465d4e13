// What a client must know to reach its server or servers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/result.hpp>

namespace penstock::redis {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

// Where a server listens. Ordered, so that several are always locked in one order.
struct Address {
  std::string host;        // name or IP address; of a unix socket its path
  std::uint16_t port = 0;  // 0: a unix socket
  auto operator<=>(const Address&) const = default;
};

std::string to_text(const Address& address);  // "host:port", "[v6]:port" or "unix:/path"
// "host", "host:port", "[v6]:port"; without a port it is `fallback`. The error's message starts with `text`.
Result<Address> parse_address(std::string_view text, std::uint16_t fallback);

// What one peer may make this process hold, for one flush. What is more ends the connection.
struct Limits {
  std::size_t nesting = 7;         // arrays inside arrays, the outermost counted
  std::size_t values = 1'000'000;  // elements of all arrays together
  std::size_t text = 64 << 20;     // octets of one string
  std::size_t octets = 256 << 20;  // of everything
};

struct Tls {
  bool on = false;
  std::string ca_file;              // who may have signed the server's certificate; empty: the system's
  std::string cert_file, key_file;  // ours, when the server asks for one
  std::string server_name;          // the name its certificate must hold; empty: the host connected to
};

struct Options {
  Address address{"127.0.0.1", 6379};  // of the server, or of one node of the cluster
  std::string user, password;          // both empty: none is sent
  std::uint32_t database = 0;
  Tls tls;
  bool cluster = false;
  std::string master;  // the name sentinels know the master by; empty: no sentinels
  std::vector<Address> sentinels;
  std::string sentinel_user, sentinel_password;
  std::string name = "penstock";  // as CLIENT LIST shows it: no spaces

  std::size_t connections = 4;                     // of Lane::calls, per node
  std::chrono::milliseconds connect_timeout = 2s;  // and never beyond the deadline of the call that connects
  std::chrono::milliseconds backoff = 10ms, backoff_cap = 1s;  // between attempts to connect to one node, jittered
  std::chrono::milliseconds listen_ping = 10s;     // a listener that hears nothing for so long asks for an answer,
  std::chrono::milliseconds listen_patience = 3s;  // and takes the connection for lost without one
  Limits limits;
};

// Fills address, user, password, database and tls.on from "redis://[[user]:password@]host[:port][/database]",
// "rediss://..." or "unix:///path[?db=N]". User and password are percent-decoded. The error says what is wrong and
// never shows the password.
Result<Options> parse_url(std::string_view url);

}  // namespace penstock::redis
