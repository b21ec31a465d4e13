// The client: many threads, many calls at once, one server, a master behind sentinels, or a cluster.
//
// A call is a command or a script. `Client::call` sends a batch of them as one pipelined flush per node and answers
// each by itself. The batch is bound to one deadline; nothing here waits longer, except for the system's resolver of
// host names. There are no threads inside: the work is done by whoever calls.
//
// What the error of a call says:
//   unavailable         nothing of it can have happened: no connection, not yet sent, or the server refused it in a
//                       state that passes (READONLY, LOADING, MASTERDOWN, CLUSTERDOWN, TRYAGAIN, NOREPLICAS, BUSY,
//                       MISCONF). Also: the deadline passed while waiting for a free connection.
//   unknown_outcome     some of its octets were handed to the socket, and no reply that can be trusted came back.
//   resource_exhausted  the server is out of memory (OOM); it did nothing.
//   permission          NOAUTH, WRONGPASS, NOPERM, or a certificate that was refused.
//   internal            any other error of the server, in its own words.
// `retryable` is set for the first three.
//
// How replies are kept apart: a connection carries one flush at a time, and each flush ends with a PING that carries
// a number never used before. Its echo must be the last reply; then as many replies came as calls were sent, and all
// of them are believed. If anything else comes, or nothing in time, the whole flush is of unknown outcome and the
// connection is closed. So a reply is never read by another caller, whatever the peer or the network does to it.
//
// Callers who find all connections in use wait in a line, and the first of them takes the small batches behind him
// along in his flush: many threads of one call each are as good as one thread of many calls. Such a flush ends at the
// deadline of the one who leads it, and is lost for all of them or for none.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/result.hpp>

#include "options.hpp"
#include "reply.hpp"
#include "script.hpp"

namespace penstock::redis {

// One command, or one run of a script. Everything it refers to is the caller's, and lives until `call` returns.
struct Call {
  // A key whose hash slot says which node is meant; empty: the script's first key, else any node. Without a cluster
  // it has no meaning.
  std::string_view route;
  const Script* script = nullptr;
  std::span<const std::string_view> keys;  // of the script
  std::span<const std::string_view> args;  // of the script; without one: the words of the command
  // It may happen twice: when its outcome is unknown and time is left, it is sent again, once.
  bool safe_to_repeat = false;
  // It belongs to the call before it: same node, same connection, right after it, and sent again whenever that one
  // is (a WAIT after a write). Its own route is not looked at. A batch does not begin with such a call.
  bool follows = false;
  // Exactly this node, one of `Client::nodes`; instead of a route.
  const Address* node = nullptr;
};

// Connections are kept apart by what they are for, so that a long flush delays nothing else.
enum class Lane : std::uint8_t {
  calls,   // up to Options::connections for each node
  keeper,  // one for each node: extending leases must not wait behind work
};

class Listener;

// Thread: any, many at once. Destroyed when no call is in progress and no listener is left.
class Client {
 public:
  // Connects nothing; the first call does.
  explicit Client(Options options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // One result per call, in their order. Calls of one node reach it in their order on one connection; those that
  // must be sent again (below) come after the others. Calls of different nodes run at the same time.
  // Handled inside, without a trace: a script the server does not know (it is loaded and sent again), MOVED and ASK
  // (followed at most 5 times, then `unavailable`), a connection that the server closed while it was idle.
  // After an attempt to connect failed, calls answer `unavailable` at once until the next one is due.
  std::vector<Result<Reply>> call(std::span<const Call> calls, Deadline deadline, Lane lane = Lane::calls) noexcept;
  Result<Reply> call(const Call& call, Deadline deadline, Lane lane = Lane::calls) noexcept;

  // The masters as they are known now: one without a cluster. For what must be asked of each (INFO, CONFIG GET).
  Result<std::vector<Address>> nodes(Deadline deadline) noexcept;

  // A listener on these channels, on a connection of its own. It connects in `wait`.
  std::unique_ptr<Listener> listen(std::vector<std::string> channels);

  const Options& options() const noexcept;

 private:
  friend class Listener;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Messages of channels, which a server sends to those who listen at that moment, and keeps for nobody.
// Thread: one waits, any may interrupt.
class Listener {
 public:
  struct Heard {
    enum class What : std::uint8_t {
      subscribed,   // listening, for the first time or again: what was published before now may have been missed
      message,      // `text`, on `channel`
      timeout,      // nothing until the deadline
      interrupted,  // `interrupt` was called since the last wait ended so
      lost,         // the connection: `error` says why. The next wait makes a new one, when that is due
    };
    What what = What::timeout;
    std::string channel, text;
    Error error{};
  };

  ~Listener();

  // Returns at the first thing to be heard. While there is no connection it waits for the time of the next attempt,
  // and reports each attempt that failed as `lost`: there is no busy loop in calling it again at once.
  Heard wait(Deadline deadline) noexcept;
  // Ends the wait in progress, or the next one. Async-signal-safe.
  void interrupt() noexcept;

 private:
  friend class Client;
  struct Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace penstock::redis
