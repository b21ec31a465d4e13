#include "line.hpp"

#include <iterator>
#include <utility>

namespace penstock::memory {

const Flow* Line::best(const Key& key) const noexcept {
  const auto at = seats_.find(&key);
  return at == seats_.end() ? nullptr : at->second.best.flow;
}

void Line::join(Flow& flow, std::uint64_t place) {
  auto [at, fresh] = seats_.try_emplace(flow.key);
  Seat& seat = at->second;
  const Seat::Standing standing{flow.head, &flow};
  if (fresh) {
    try {
      order_.emplace(seat.place = {place, ++came_}, &seat);
    } catch (...) {
      seats_.erase(at);
      throw;
    }
    seat.best = standing;
  } else if (standing < seat.best) {
    seat.others.insert(seat.best);
    seat.best = standing;
  } else {
    seat.others.insert(standing);
  }
  ++flows_;
  flow.line = this;
  flow.seat = &seat;
}

void Line::leave(Flow& flow) noexcept {
  Seat& seat = *std::exchange(flow.seat, nullptr);
  --flows_;
  flow.line = nullptr;
  if (seat.best.flow != &flow) {
    seat.others.erase({flow.head, &flow});
  } else if (!seat.others.empty()) {
    seat.best = *seat.others.begin();
    seat.others.erase(seat.others.begin());
  } else {
    order_.erase(seat.place);
    seats_.erase(flow.key);
  }
}

std::uint64_t Line::place(const Key& key) const noexcept {
  const auto at = seats_.find(&key);
  return at == seats_.end() ? 0 : at->second.place.first;
}

void Line::place(const Key& key, std::uint64_t place) noexcept {
  const auto at = seats_.find(&key);
  if (at == seats_.end()) return;
  auto node = order_.extract(at->second.place);
  node.key() = at->second.place = {place, ++came_};
  order_.insert(std::move(node));
}

void Line::grant(Flow& flow) {
  flow.seat->tickets.push_back(&flow);
  flow.ticket = flow.seat->tickets.size();
}

void Line::revoke(Flow& flow) noexcept {
  std::vector<Flow*>& tickets = flow.seat->tickets;
  Flow& last = *tickets.back();
  tickets[flow.ticket - 1] = &last;
  last.ticket = flow.ticket;
  flow.ticket = 0;
  tickets.pop_back();
}

Flow* Line::ticket_holder(const Key& key) const noexcept {
  const auto at = seats_.find(&key);
  return at == seats_.end() || at->second.tickets.empty() ? nullptr : at->second.tickets.back();
}

void Line::move(Flow& flow, const Place& head) noexcept {
  Seat& seat = *flow.seat;
  Seat::Standing moved{head, &flow};
  if (seat.best.flow != &flow) {
    auto node = seat.others.extract({flow.head, &flow});
    if (moved < seat.best) std::swap(moved, seat.best);
    node.value() = moved;
    seat.others.insert(std::move(node));
  } else if (seat.others.empty() || moved < *seat.others.begin()) {
    seat.best = moved;
  } else {
    auto node = seat.others.extract(seat.others.begin());
    std::swap(seat.best, node.value());
    node.value() = moved;
    seat.others.insert(std::move(node));
  }
  flow.head = head;
}

void Line::move_back(Flow& flow, const Place& head, std::uint64_t place) noexcept {
  move(flow, head);
  auto node = order_.extract(flow.seat->place);
  node.key() = flow.seat->place = {place, ++came_};
  order_.insert(order_.end(), std::move(node));
}

void Line::prefetch() const noexcept {
  if (order_.size() < 3) return;
  auto next = std::next(order_.begin());
  __builtin_prefetch(next->second->best.flow);
  ++next;
  __builtin_prefetch(next->second);
}

}  // namespace penstock::memory
