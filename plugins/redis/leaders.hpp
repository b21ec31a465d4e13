// leadership.hpp's calls as runs of a script.
#pragma once

#include <penstock/plugin/leadership.hpp>

#include "server.hpp"

namespace penstock::redis {

// Thread: any, many at once. Calls may throw (out of memory).
class Leaders {
 public:
  explicit Leaders(Server& server) : server_(server) {}

  Result<Term> campaign(std::string_view name, std::string_view candidate, Millis ttl);
  Result<bool> renew(std::string_view name, std::uint64_t term, Millis ttl);
  Result<bool> resign(std::string_view name, std::uint64_t term);
  Result<Term> term(std::string_view name);

 private:
  Result<Reply> run(std::string_view what, std::string_view name, std::string_view who, Millis ttl);
  Server& server_;
};

}  // namespace penstock::redis
