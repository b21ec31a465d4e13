#include "line.hpp"

namespace penstock::memory {

const Flow* Line::best(const Key& key) const noexcept {
  const auto at = seats_.find(&key);
  return at == seats_.end() ? nullptr : at->second.flows.begin()->flow;
}

void Line::join(Flow& flow, bool to_front) {
  auto [at, fresh] = seats_.try_emplace(flow.key);
  Seat& seat = at->second;
  try {
    seat.flows.insert({flow.head, &flow});
  } catch (...) {
    if (fresh) seats_.erase(at);
    throw;
  }
  if (fresh) to_front ? prepend(seat) : append(seat);
  ++flows_;
  flow.line = this;
}

void Line::leave(Flow& flow) noexcept {
  const auto at = seats_.find(flow.key);
  Seat& seat = at->second;
  seat.flows.erase({flow.head, &flow});
  --flows_;
  flow.line = nullptr;
  if (!seat.flows.empty()) return;
  unlink(seat);
  seats_.erase(at);
}

void Line::turn(const Key& key) noexcept {
  const auto at = seats_.find(&key);
  if (at == seats_.end() || last_ == &at->second) return;
  unlink(at->second);
  append(at->second);
}

void Line::grant(Flow& flow) {
  Seat& seat = seats_.find(flow.key)->second;
  seat.tickets.push_back(&flow);
  flow.ticket = seat.tickets.size();
}

void Line::revoke(Flow& flow) noexcept {
  std::vector<Flow*>& tickets = seats_.find(flow.key)->second.tickets;
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
  Seat& seat = seats_.find(flow.key)->second;
  auto node = seat.flows.extract({flow.head, &flow});
  flow.head = node.value().head = head;
  seat.flows.insert(std::move(node));
}

void Line::append(Seat& seat) noexcept {
  seat.before = last_;
  seat.after = nullptr;
  (last_ ? last_->after : first_) = &seat;
  last_ = &seat;
}

void Line::prepend(Seat& seat) noexcept {
  seat.after = first_;
  seat.before = nullptr;
  (first_ ? first_->before : last_) = &seat;
  first_ = &seat;
}

void Line::unlink(Seat& seat) noexcept {
  (seat.before ? seat.before->after : first_) = seat.after;
  (seat.after ? seat.after->before : last_) = seat.before;
}

}  // namespace penstock::memory
