#include "node.hpp"

#include <algorithm>
#include <mutant.hpp>

#include "backoff.hpp"
#include "failure.hpp"

namespace penstock::redis {

Node::Node(Address address, const Options& options, Connect connect)
    : address_(std::move(address)), options_(options), connect_(std::move(connect)), random_(std::random_device{}()) {
  pool(Lane::calls).most = std::max<std::size_t>(options.connections, 1);
}

Node::Borrowed Node::borrow(Lane lane, Deadline deadline) {
  const auto alone = std::make_shared<Flight>(deadline);
  alone->shares = false;
  return *board(lane, alone);
}

// Nothing when the flight was carried by somebody else.
std::optional<Node::Borrowed> Node::board(Lane lane, const std::shared_ptr<Flight>& flight) {
  Lock lock(mutex_);
  Pool& p = pool(lane);
  for (;;) {
    if (flight->connection) return Borrowed(*this, lane, std::move(flight->connection));
    if (!p.idle.empty()) {
      Borrowed connection(*this, lane, std::move(p.idle.back()));
      p.idle.pop_back();
      lock.unlock();
      if (connection->quiet() || mutant("redis.client.broken_reused")) return connection;
    } else if (p.open < p.most) {
      return Borrowed(*this, lane, connect(lock, lane, flight->deadline));
    } else if (!wait(lock, p, flight)) {
      return {};
    }
    if (!lock.owns_lock()) lock.lock();
  }
}

// True when it was called, false when it was carried.
bool Node::wait(Lock& lock, Pool& p, const std::shared_ptr<Flight>& flight) {
  using State = Flight::State;
  flight->state = State::waiting;
  p.line.push_back(flight);
  const auto settled = [&] { return flight->state == State::called || flight->state == State::landed; };
  flight->changed.wait_until(lock, flight->deadline, settled);
  if (flight->state == State::waiting) {
    std::erase(p.line, flight);
    throw Failure(unavailable("redis: all connections to " + to_text(address_) + " are in use"));
  }
  if (flight->state == State::carried) {
    flight->state = State::left;
    throw Lost("no reply in time");
  }
  return flight->state == State::called;
}

std::optional<Error> Node::not_due() const {
  if (failures_ == 0 || (!trying_ && Clock::now() >= next_try_)) return {};
  Error error = *last_error_;
  error.message += trying_ ? " (being tried again)" : " (not tried again yet)";
  return error;
}

std::unique_ptr<Connection> Node::connect(Lock& lock, Lane lane, Deadline deadline) {
  if (std::optional<Error> error = not_due()) {
    call_all(pool(lane));  // it holds for them as well
    throw Failure(std::move(*error));
  }
  const bool alone = failures_ != 0;
  if (alone) trying_ = true;
  ++pool(lane).open;
  const std::uint64_t generation = generation_;
  lock.unlock();
  std::optional<Error> error;
  std::unique_ptr<Connection> made;
  try {
    made = connect_(std::min(deadline, Clock::now() + options_.connect_timeout));
    made->set_generation(generation);
  } catch (const Failure& failure) {
    error = failure.error();
  } catch (const std::exception& e) {
    error = unavailable("redis: cannot connect to " + to_text(address_) + ": " + e.what());
  }
  lock.lock();
  if (alone) trying_ = false;
  if (made) {
    failures_ = 0;
    return made;
  }
  --pool(lane).open;
  next_try_ = Clock::now() + pause_after(++failures_, options_.backoff, options_.backoff_cap, random_());
  last_error_ = *error;
  call_all(pool(lane));
  throw Failure(std::move(*error));
}

// The first in the line gets it, before anybody who comes now.
void Node::put_back(Lane lane, std::unique_ptr<Connection> connection) noexcept {
  const std::lock_guard lock(mutex_);
  Pool& p = pool(lane);
  if (connection->generation() != generation_) {
    --p.open;
    call(p, nullptr);
  } else if (p.line.empty()) {
    p.idle.push_back(std::move(connection));
  } else {
    call(p, std::move(connection));
  }
}

void Node::end(Lane lane) noexcept {
  const std::lock_guard lock(mutex_);
  --pool(lane).open;
  call(pool(lane), nullptr);
}

void Node::call(Pool& p, std::unique_ptr<Connection> connection) noexcept {
  if (p.line.empty()) return;
  const std::shared_ptr<Flight> first = std::move(p.line.front());
  p.line.pop_front();
  first->connection = std::move(connection);
  first->state = Flight::State::called;
  first->changed.notify_one();
}

void Node::call_all(Pool& p) noexcept {
  while (!p.line.empty()) call(p, nullptr);
}

void Node::forget() noexcept {
  std::array<std::vector<std::unique_ptr<Connection>>, 2> closing;  // destroyed after the lock
  const std::lock_guard lock(mutex_);
  ++generation_;
  for (std::size_t i = 0; i < pools_.size(); ++i) {
    closing[i].swap(pools_[i].idle);
    pools_[i].open -= closing[i].size();
    call_all(pools_[i]);
  }
}

bool Node::failing() const noexcept {
  const std::lock_guard lock(mutex_);
  return failures_ != 0;
}

}  // namespace penstock::redis
