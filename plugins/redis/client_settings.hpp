// The settings by which a component reaches its server, and what they mean.
#pragma once

#include <string>
#include <string_view>

#include <penstock/plugin/plugin.hpp>
#include <penstock/plugin/time.hpp>

#include "options.hpp"

namespace penstock::redis {

inline constexpr Setting kClientSettings[] = {
    {.key = "url",
     .kind = Kind::string,
     .fallback = "redis://127.0.0.1:6379",
     .doc = "`redis://host:port/database`, `rediss://...` for TLS, or `unix:///path`."},
    {.key = "user", .kind = Kind::string, .fallback = "", .doc = "User of the server's access control list."},
    {.key = "password", .kind = Kind::secret, .fallback = "", .doc = "Of that user, or of the server."},
    {.key = "prefix",
     .kind = Kind::string,
     .fallback = "penstock",
     .doc = "What all keys begin with, in braces: letters, digits, `.`, `_`, `-`."},
    {.key = "timeout",
     .kind = Kind::duration,
     .fallback = "5s",
     .doc = "How long a call takes at the most.",
     .min = 10,
     .max = 600'000},
    {.key = "connections",
     .kind = Kind::integer,
     .fallback = "4",
     .doc = "Connections for calls, to one node.",
     .min = 1,
     .max = 1000},
    {.key = "cluster", .kind = Kind::boolean, .fallback = "false", .doc = "The server is a node of a Redis Cluster."},
    {.key = "master",
     .kind = Kind::string,
     .fallback = "",
     .doc = "Name of the master that `sentinels` watch; they are asked where it is."},
    {.key = "sentinels", .kind = Kind::list, .fallback = "", .doc = "`host:port` of each sentinel."},
    {.key = "sentinel_user", .kind = Kind::string, .fallback = "", .doc = "User at the sentinels."},
    {.key = "sentinel_password", .kind = Kind::secret, .fallback = "", .doc = "Password at the sentinels."},
    {.key = "tls_ca",
     .kind = Kind::string,
     .fallback = "",
     .doc = "File of the certificates that may have signed the server's; empty: the system's."},
    {.key = "tls_cert", .kind = Kind::string, .fallback = "", .doc = "File of this program's certificate."},
    {.key = "tls_key", .kind = Kind::string, .fallback = "", .doc = "File of its key."},
    {.key = "tls_name",
     .kind = Kind::string,
     .fallback = "",
     .doc = "Name that the server's certificate must hold; empty: the host's."},
    {.key = "clock",
     .kind = Kind::choice,
     .fallback = "server",
     .doc = "Whose clock counts; `host` is for tests that move it by hand.",
     .choices = "server|host"},
};

Error setting(const char* key, const std::string& why);

Result<Options> client_options(const Settings&);
// What all keys begin with.
Result<std::string> key_prefix(const Settings&);
// Null: the server's clock counts.
TimeSource* lent_clock(Host&, const Settings&);

}  // namespace penstock::redis
