// One connection to one server, ready for commands, and the exchange of one flush on it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "decoder.hpp"
#include "options.hpp"
#include "reply.hpp"
#include "stream.hpp"

namespace penstock::redis {

// Whom a connection expects to meet.
enum class Peer : std::uint8_t { master, any, sentinel };

// Lent to all connections of a client.
struct Setup {
  const Options& options;
  Poco::Net::Context::Ptr context;  // null: no TLS
};

// Thread: one at a time.
class Connection {
 public:
  // Connects, authenticates, and sees to it that a master is one. Throws Failure.
  Connection(const Address& address, const Setup& setup, Peer peer, Deadline deadline, int wake = -1);

  // A flush: `send` puts the mark behind the commands and sends all, `receive` brings one value for each of the `count`
  // commands. Both throw Lost, and the connection is of no use then; `handed` says how many octets may have left.
  void send(std::string& commands, Deadline deadline);
  struct Received {
    std::shared_ptr<const Values> values;
    std::vector<std::size_t> roots;
    // The server answered, but refused the PING at the end with this error (it is loading, or busy): only calls that
    // were refused with the same code are known. The connection is of no use any more.
    std::string refusal;
  };
  Received receive(std::size_t count, Deadline deadline);
  std::size_t handed() const noexcept { return handed_; }

  // Nothing has come that nobody asked for, and the peer has not closed.
  bool quiet() noexcept;
  // For its node: of which generation it is.
  std::uint64_t generation() const noexcept { return generation_; }
  void set_generation(std::uint64_t generation) noexcept { generation_ = generation; }

  // For whoever listens: the next value that the server sends by itself, nil when none is there yet. Throw Lost.
  Reply heard();
  void say(std::string_view octets, Deadline deadline);
  int descriptor() const { return stream_.descriptor(); }

 private:
  void hello(const Setup& setup, Peer peer, Deadline deadline);
  std::string next_mark();

  const Address address_;
  Stream stream_;
  Decoder decoder_;
  std::string mark_;
  std::vector<char> in_;
  std::shared_ptr<Values> hearing_;  // what is read of the next value
  std::size_t handed_ = 0;
  const std::uint64_t nonce_;
  std::uint64_t flushes_ = 0, generation_ = 0;
};

}  // namespace penstock::redis
