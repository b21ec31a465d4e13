#include "line.hpp"

namespace penstock::memory {

const Flow* Line::best(const Key& key) const noexcept {
  const auto at = seats_.find(&key);
  return at == seats_.end() ? nullptr : at->second.flows.begin()->flow;
}

void Line::join(Flow& flow, std::uint64_t place) {
  auto [at, fresh] = seats_.try_emplace(flow.key);
  Seat& seat = at->second;
  try {
    if (fresh) order_.emplace(seat.place = {place, ++came_}, &seat);
    seat.flows.insert({flow.head, &flow});
  } catch (...) {
    if (fresh) order_.erase(seat.place), seats_.erase(at);
    throw;
  }
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
  order_.erase(seat.place);
  seats_.erase(at);
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

}  // namespace penstock::memory
