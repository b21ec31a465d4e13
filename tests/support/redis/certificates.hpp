// Certificates made for one test, and the words that make a redis-server use them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/folder.hpp"

namespace penstock::testing {

// An authority, and what it has signed. Needs the openssl program.
class Certificates {
 public:
  Certificates();

  std::string ca() const { return folder_ / "ca.crt"; }
  // A certificate for this name ("localhost", "127.0.0.1"); its files are NAME.crt and NAME.key.
  void sign(const std::string& name);
  std::string certificate(const std::string& name) const { return folder_ / (name + ".crt"); }
  std::string key(const std::string& name) const { return folder_ / (name + ".key"); }

  // For RedisServer: TLS on `port`, with the certificate of `name`.
  std::vector<std::string> server_words(std::uint16_t port, const std::string& name, bool asks_clients = false) const;

 private:
  Folder folder_;
};

}  // namespace penstock::testing
