#include "line.hpp"

namespace penstock::memory {

void Line::join(Flow& flow) {
  auto [at, fresh] = seats_.try_emplace(flow.key);
  Seat& seat = at->second;
  try {
    seat.flows.insert({flow.head, &flow});
  } catch (...) {
    if (fresh) seats_.erase(at);
    throw;
  }
  if (fresh) append(seat);
  ++flows_;
  flow.line = this;
}

void Line::leave(Flow& flow, bool served) noexcept {
  const auto at = seats_.find(flow.key);
  Seat& seat = at->second;
  seat.flows.erase({flow.head, &flow});
  --flows_;
  flow.line = nullptr;
  if (seat.flows.empty()) {
    unlink(seat);
    seats_.erase(at);
  } else if (served && last_ != &seat) {
    unlink(seat);
    append(seat);
  }
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

void Line::unlink(Seat& seat) noexcept {
  (seat.before ? seat.before->after : first_) = seat.after;
  (seat.after ? seat.after->before : last_) = seat.before;
}

}  // namespace penstock::memory
