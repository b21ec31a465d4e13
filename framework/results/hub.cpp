#include "results/hub.hpp"

#include <chrono>

#include <penstock/error.hpp>

#include "base/later.hpp"

namespace penstock {
namespace impl {

using base::Instant;

bool Subscriber::push(const TaskResult& result) {
  auto buffer = buffer_.lock();
  bool full = buffer->items.size() >= capacity_;
  if (full) ++buffer->dropped;
  if (full && when_full_ == WhenFull::drop_newest) return false;
  if (full) buffer->items.pop_front();
  buffer->items.push_back(result);
  buffer.unlock();
  more_.notify_one();
  return !full;
}

std::optional<TaskResult> Subscriber::next(Millis at_most) {
  auto buffer = buffer_.lock();
  auto ready = [&] { return !buffer->items.empty() || buffer->closed; };
  if (buffer->refuses && at_most > Millis(0) && !ready()) throw Exception(results::would_wait());
  Instant until = base::later(std::chrono::steady_clock::now(), at_most);
  if (until == Instant::max()) {
    more_.wait(buffer.native(), ready);
  } else {
    more_.wait_until(buffer.native(), until, ready);
  }
  if (buffer->items.empty()) return std::nullopt;
  TaskResult out = std::move(buffer->items.front());
  buffer->items.pop_front();
  return out;
}

void Subscriber::close() {
  buffer_.lock()->closed = true;
  more_.notify_all();
}

void Subscriber::refuse_to_wait() { buffer_.lock()->refuses = true; }

bool Subscriber::closed() {
  auto buffer = buffer_.lock();
  return buffer->closed && buffer->items.empty();
}

std::uint64_t Subscriber::dropped() { return buffer_.lock()->dropped; }

}  // namespace impl

Results::Results(std::shared_ptr<impl::Subscriber> subscriber) : subscriber_(std::move(subscriber)) {}
Results::Results(Results&&) noexcept = default;
Results& Results::operator=(Results&&) noexcept = default;
Results::~Results() = default;
std::optional<TaskResult> Results::next(Millis at_most) { return subscriber_->next(at_most); }
bool Results::closed() const { return subscriber_->closed(); }
std::uint64_t Results::dropped() const { return subscriber_->dropped(); }

namespace results {

Error would_wait() {
  return {Errc::invalid,
          "this call would wait, and nobody would do anything meanwhile: the manager is stepped by hand "
          "(in a test: let the tasks run first, with drain() or advance())"};
}

std::shared_ptr<impl::Subscriber> Hub::subscribe(std::size_t capacity, WhenFull when_full) {
  auto made = std::make_shared<impl::Subscriber>(capacity, when_full);
  auto members = members_.lock();
  if (members->refuses) made->refuse_to_wait();
  if (members->closed) {
    made->close();
  } else {
    members->list.push_back(made);
    subscribers_.store(members->list.size(), std::memory_order_relaxed);
  }
  return made;
}

void Hub::publish(const TaskResult& result) {
  auto members = members_.lock();
  std::erase_if(members->list, [&](const std::weak_ptr<impl::Subscriber>& weak) {
    auto subscriber = weak.lock();
    if (subscriber && !subscriber->push(result)) dropped_.fetch_add(1, std::memory_order_relaxed);
    return !subscriber;
  });
  subscribers_.store(members->list.size(), std::memory_order_relaxed);
}

void Hub::refuse_to_wait() {
  auto members = members_.lock();
  members->refuses = true;
  for (auto& weak : members->list) {
    if (auto subscriber = weak.lock()) subscriber->refuse_to_wait();
  }
}

void Hub::close() {
  auto members = members_.lock();
  members->closed = true;
  for (auto& weak : members->list) {
    if (auto subscriber = weak.lock()) subscriber->close();
  }
}

}  // namespace results
}  // namespace penstock
