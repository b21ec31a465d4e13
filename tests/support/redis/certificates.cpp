#include "support/redis/certificates.hpp"

#include <fstream>

#include "support/process.hpp"

namespace penstock::testing {

Certificates::Certificates() {
  std::ofstream(folder_ / "openssl.cnf") << "[req]\ndistinguished_name = dn\n[dn]\n";
  run({"openssl",
       "req",
       "-config",
       folder_ / "openssl.cnf",
       "-x509",
       "-newkey",
       "ec",
       "-pkeyopt",
       "ec_paramgen_curve:prime256v1",
       "-nodes",
       "-days",
       "2",
       "-subj",
       "/CN=authority",
       "-addext",
       "basicConstraints=critical,CA:TRUE",
       "-keyout",
       folder_ / "ca.key",
       "-out",
       ca()});
}

void Certificates::sign(const std::string& name) {
  const bool address = name.find_first_not_of("0123456789.") == std::string::npos;
  run({"openssl",
       "req",
       "-config",
       folder_ / "openssl.cnf",
       "-x509",
       "-CA",
       ca(),
       "-CAkey",
       folder_ / "ca.key",
       "-newkey",
       "ec",
       "-pkeyopt",
       "ec_paramgen_curve:prime256v1",
       "-nodes",
       "-days",
       "2",
       "-subj",
       "/CN=test",
       "-addext",
       (address ? "subjectAltName=IP:" : "subjectAltName=DNS:") + name,
       "-keyout",
       key(name),
       "-out",
       certificate(name)});
}

std::vector<std::string> Certificates::server_words(std::uint16_t port, const std::string& name,
                                                    bool asks_clients) const {
  return {"--tls-port",         std::to_string(port),
          "--tls-cert-file",    certificate(name),
          "--tls-key-file",     key(name),
          "--tls-ca-cert-file", ca(),
          "--tls-auth-clients", asks_clients ? "yes" : "no"};
}

}  // namespace penstock::testing
