// The commands of one caller on their way through a connection, alone or together with those of others.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <string>

#include "connection.hpp"

namespace penstock::redis {

struct Flight {
  explicit Flight(Deadline until) : deadline(until) {}

  const Deadline deadline;
  std::string octets;        // whole commands
  std::size_t commands = 0;  // in them
  bool shares = true;        // they may travel with others

  Connection::Received received;
  std::string lost;        // why there is nothing received; empty when there is
  std::size_t handed = 0;  // of the octets, how many may have left

  // The rest is the node's, with its lock held.
  enum class State : std::uint8_t {
    waiting,  // for a connection
    called,   // it may look again, or take the connection that it was given
    carried,  // by another caller's flush
    landed,   // which has ended
    left,     // carried, but the caller's own deadline has passed: nothing of this is touched any more
  };
  State state = State::waiting;
  std::condition_variable changed;
  std::unique_ptr<Connection> connection;
};

}  // namespace penstock::redis
