// One server and the connections to it.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

#include "client.hpp"
#include "connection.hpp"

namespace penstock::redis {

// Thread: any.
class Node {
 public:
  using Connect = std::function<std::unique_ptr<Connection>(Deadline)>;  // throws Failure

  Node(Address address, const Options& options, Connect connect);

  // A connection for one flush: it goes back when it is put back, else it is closed.
  class Borrowed {
   public:
    Borrowed(Node& node, Lane lane, std::uint64_t generation, std::unique_ptr<Connection> connection) noexcept
        : node_(&node), lane_(lane), generation_(generation), connection_(std::move(connection)) {}
    Borrowed(Borrowed&& other) noexcept = default;
    Borrowed& operator=(Borrowed&&) = delete;
    ~Borrowed() {
      if (connection_) node_->end(lane_);
    }
    Connection& operator*() const noexcept { return *connection_; }
    Connection* operator->() const noexcept { return connection_.get(); }
    void put_back() { node_->put_back(lane_, generation_, std::move(connection_)); }

   private:
    Node* node_;
    Lane lane_;
    std::uint64_t generation_;
    std::unique_ptr<Connection> connection_;
  };

  // Waits until the deadline for a connection that is free. After an attempt to connect failed, none is made before
  // the next one is due, and then by one caller only. Throws Failure.
  Borrowed borrow(Lane lane, Deadline deadline);

  // No connection made until now is used again.
  void forget() noexcept;
  bool failing() const noexcept;
  const Address& address() const noexcept { return address_; }  // with sentinels: the one in the config

 private:
  struct Pool {
    std::vector<std::unique_ptr<Connection>> idle;
    std::size_t open = 0, most = 1;
  };

  Pool& pool(Lane lane) noexcept { return pools_[static_cast<std::size_t>(lane)]; }
  void put_back(Lane lane, std::uint64_t generation, std::unique_ptr<Connection> connection);
  void end(Lane lane) noexcept;
  std::unique_ptr<Connection> connect(std::unique_lock<std::mutex>& lock, Lane lane, Deadline deadline);
  void check_due() const;

  const Address address_;
  const Options& options_;
  const Connect connect_;

  mutable std::mutex mutex_;  // of all below
  std::condition_variable freed_;
  std::array<Pool, 2> pools_;
  std::uint64_t generation_ = 0;
  std::uint32_t failures_ = 0;  // attempts to connect that failed in a row
  bool trying_ = false;         // somebody makes one after a failure
  Deadline next_try_{};
  std::optional<Error> last_error_;
  std::minstd_rand random_;
};

}  // namespace penstock::redis
