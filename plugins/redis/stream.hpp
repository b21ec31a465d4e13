// A socket to one server: TCP, unix or TLS. It never blocks beyond the deadline given.
#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>
#include <cstddef>
#include <string>
#include <string_view>

#include "options.hpp"

namespace penstock::redis {

// The TLS context of a client, or null when it uses none. Throws Failure (`invalid`) when a file cannot be used.
Poco::Net::Context::Ptr make_context(const Tls& tls);

// Every wait ends with Interrupted once `wake` (a descriptor, or -1) can be read.
// Thread: one at a time.
class Stream {
 public:
  // Connects, and with a context shakes hands and checks the name in the server's certificate. Throws Failure:
  // `unavailable`, or `permission` when a certificate was refused.
  Stream(const Address& address, const Tls& tls, const Poco::Net::Context::Ptr& context, Deadline deadline,
         int wake = -1);

  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  // Sends all. Throws Lost; `handed` is then how many octets at most may have left.
  void write(std::string_view octets, std::size_t& handed, Deadline deadline);
  // Receives what is there, at least one octet, and returns how many; 0 when nothing came until the deadline.
  // Throws Lost when the peer has closed.
  std::size_t read(char* buffer, std::size_t size, Deadline deadline);
  // The same without waiting.
  std::size_t read_now(char* buffer, std::size_t size);
  int descriptor() const { return socket_.impl()->sockfd(); }

 private:
  void connect(const Poco::Net::SocketAddress& address, Deadline deadline);
  void shake_hands(const std::string& name, Deadline deadline);
  template <class F>
  int step(F&& attempt);
  int send(std::string_view octets);
  int receive(char* buffer, std::size_t size);
  bool wait(int events, Deadline deadline);  // false: the deadline has passed

  Poco::Net::StreamSocket socket_;
  const int wake_;
  const bool secure_;
};

}  // namespace penstock::redis
