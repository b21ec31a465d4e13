// One server and the connections to it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "client.hpp"
#include "connection.hpp"
#include "flight.hpp"

namespace penstock::redis {

// Callers who wait for a connection stand in a line. Who gets one takes the commands of those behind him along: so
// many callers of one call each share a flush, as one caller of many calls has it to himself.
// Thread: any.
class Node {
 public:
  using Connect = std::function<std::unique_ptr<Connection>(Deadline)>;  // throws Failure

  Node(Address address, const Options& options, Connect connect);

  // A connection for one flush: it goes back when it is put back, else it is closed.
  class Borrowed {
   public:
    Borrowed(Node& node, Lane lane, std::unique_ptr<Connection> connection) noexcept
        : node_(&node), lane_(lane), connection_(std::move(connection)) {}
    Borrowed(Borrowed&& other) noexcept = default;
    Borrowed& operator=(Borrowed&&) = delete;
    ~Borrowed() {
      if (connection_) node_->end(lane_);
    }
    Connection& operator*() const noexcept { return *connection_; }
    Connection* operator->() const noexcept { return connection_.get(); }
    void put_back() { node_->put_back(lane_, std::move(connection_)); }

   private:
    Node* node_;
    Lane lane_;
    std::unique_ptr<Connection> connection_;
  };

  // Waits until the deadline for a connection that is free. After an attempt to connect failed, none is made before
  // the next one is due, and then by one caller only. Throws Failure.
  Borrowed borrow(Lane lane, Deadline deadline);
  // The same, and the flush of it: on return `flight.received` or `flight.lost` is set. Throws Failure: nothing was
  // sent. One flush ends at the deadline of the caller who leads it.
  void fly(Lane lane, const std::shared_ptr<Flight>& flight);

  // No connection made until now is used again.
  void forget() noexcept;
  bool failing() const noexcept;
  const Address& address() const noexcept { return address_; }  // with sentinels: the one in the config

 private:
  struct Pool {
    std::vector<std::unique_ptr<Connection>> idle;
    std::deque<std::shared_ptr<Flight>> line;
    std::size_t open = 0, most = 1;
  };
  using Lock = std::unique_lock<std::mutex>;

  Pool& pool(Lane lane) noexcept { return pools_[static_cast<std::size_t>(lane)]; }
  std::optional<Borrowed> board(Lane lane, const std::shared_ptr<Flight>& flight);
  bool wait(Lock& lock, Pool& pool, const std::shared_ptr<Flight>& flight);
  std::unique_ptr<Connection> connect(Lock& lock, Lane lane, Deadline deadline);
  std::optional<Error> not_due() const;
  void put_back(Lane lane, std::unique_ptr<Connection> connection) noexcept;
  void end(Lane lane) noexcept;
  static void call(Pool& pool, std::unique_ptr<Connection> connection) noexcept;
  static void call_all(Pool& pool) noexcept;

  void lead(Borrowed& connection, Flight& flight, Lane lane);
  static std::vector<std::shared_ptr<Flight>> take_along(Pool& pool, const Flight& leader);
  struct Place {  // in a flush
    std::size_t octet, command, handed;
  };
  void land(std::span<const std::shared_ptr<Flight>> others, const Connection::Received& all, const std::string& lost,
            Place place);

  const Address address_;
  const Options& options_;
  const Connect connect_;

  mutable std::mutex mutex_;  // of all below
  std::array<Pool, 2> pools_;
  std::uint64_t generation_ = 0;  // of the connections that may be used
  std::uint32_t failures_ = 0;    // attempts to connect that failed in a row
  bool trying_ = false;           // somebody makes one after a failure
  Deadline next_try_{};
  std::optional<Error> last_error_;
  std::minstd_rand random_;
};

}  // namespace penstock::redis
