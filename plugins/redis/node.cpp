#include "node.hpp"

#include <algorithm>

#include "backoff.hpp"
#include "failure.hpp"

namespace penstock::redis {

Node::Node(Address address, const Options& options, Connect connect)
    : address_(std::move(address)), options_(options), connect_(std::move(connect)), random_(std::random_device{}()) {
  pool(Lane::calls).most = std::max<std::size_t>(options.connections, 1);
}

Node::Borrowed Node::borrow(Lane lane, Deadline deadline) {
  std::unique_lock lock(mutex_);
  Pool& p = pool(lane);
  for (;;) {
    if (!p.idle.empty()) {
      std::unique_ptr<Connection> connection = std::move(p.idle.back());
      p.idle.pop_back();
      const std::uint64_t generation = generation_;
      lock.unlock();
      if (connection->quiet()) return Borrowed(*this, lane, generation, std::move(connection));
      connection.reset();
      lock.lock();
      --p.open;
    } else if (p.open < p.most) {
      const std::uint64_t generation = generation_;
      return Borrowed(*this, lane, generation, connect(lock, lane, deadline));
    } else if (freed_.wait_until(lock, deadline) == std::cv_status::timeout && p.idle.empty() && p.open >= p.most) {
      throw Failure(unavailable("redis: all connections to " + to_text(address_) + " are in use"));
    }
  }
}

void Node::check_due() const {
  const auto now = Clock::now();
  if (failures_ == 0 || (!trying_ && now >= next_try_)) return;
  Error error = *last_error_;
  error.message += trying_ ? " (being tried again)" : " (not tried again yet)";
  throw Failure(std::move(error));
}

std::unique_ptr<Connection> Node::connect(std::unique_lock<std::mutex>& lock, Lane lane, Deadline deadline) {
  check_due();
  const bool alone = failures_ != 0;
  if (alone) trying_ = true;
  ++pool(lane).open;
  lock.unlock();
  std::optional<Error> error;
  std::unique_ptr<Connection> made;
  try {
    made = connect_(std::min(deadline, Clock::now() + options_.connect_timeout));
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
  freed_.notify_all();
  next_try_ = Clock::now() + pause_after(++failures_, options_.backoff, options_.backoff_cap, random_());
  last_error_ = *error;
  throw Failure(std::move(*error));
}

void Node::put_back(Lane lane, std::uint64_t generation, std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  Pool& p = pool(lane);
  if (generation == generation_) {
    p.idle.push_back(std::move(connection));
  } else {
    --p.open;
  }
  freed_.notify_all();
}

void Node::end(Lane lane) noexcept {
  const std::lock_guard lock(mutex_);
  --pool(lane).open;
  freed_.notify_all();
}

void Node::forget() noexcept {
  std::array<std::vector<std::unique_ptr<Connection>>, 2> closing;  // destroyed after the lock
  const std::lock_guard lock(mutex_);
  ++generation_;
  for (std::size_t i = 0; i < pools_.size(); ++i) {
    closing[i].swap(pools_[i].idle);
    pools_[i].open -= closing[i].size();
  }
  freed_.notify_all();
}

bool Node::failing() const noexcept {
  const std::lock_guard lock(mutex_);
  return failures_ != 0;
}

}  // namespace penstock::redis
