// What people and programs set for gates. One row for each name with something set; the queue's own gate
// has a copy in its row, so that a claim need not look here.
#include "gate_setting.hpp"
#include "transaction.hpp"

namespace penstock::sqlite {
namespace {

// The first name behind those that a change of `gate` concerns: itself and, of a class, its members.
std::string behind(std::string_view gate) { return std::string(gate) + (gate.find(':') == gate.npos ? ';' : '\0'); }

}  // namespace

Result<void> Transaction::limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* limit) {
  GateSetting s = sql_.flow().setting(queue, gate);
  (layer == Layer::declared ? s.declared : s.by_operator) = limit ? std::optional(*limit) : std::nullopt;
  set(queue, gate, s);
  return {};
}

Result<void> Transaction::hold(std::string_view queue, std::string_view gate, Millis at_most) {
  GateSetting s = sql_.flow().setting(queue, gate);
  const std::int64_t until = later(clock_.boot(), at_most.count());
  if (at_most == Millis(0)) {
    s.held = s.held_wall = 0;
  } else if (until > s.held) {
    s.held = until;
    s.held_wall = later(clock_.wall(), at_most.count());
  }
  set(queue, gate, s);
  return {};
}

void Transaction::set(std::string_view queue, std::string_view gate, const GateSetting& s) {
  if (!s.limit() && s.held <= clock_.boot()) {
    run(sql_.flow().limit_drop, Text{queue}, gate);
  } else {
    auto number = [](const std::optional<Limit>& l, auto Limit::*field) {
      return l ? std::optional((*l).*field) : std::nullopt;
    };
    run(sql_.flow().limit_set, Text{queue}, gate, number(s.declared, &Limit::running),
        number(s.declared, &Limit::per_second), number(s.declared, &Limit::burst),
        number(s.by_operator, &Limit::running), number(s.by_operator, &Limit::per_second),
        number(s.by_operator, &Limit::burst), s.held, s.held_wall);
  }
  lines_.begin();
  if (queue == "*") {
    for (const std::string& name : ledger_.names()) adopt(*ledger_.find(name), gate);
  } else if (QueueRow* row = ledger_.find(queue)) {
    adopt(*row, gate);
  }
}

// Something was set for a gate of the queue, or for all queues.
void Transaction::adopt(QueueRow& queue, std::string_view gate) {
  if (gate.empty()) {
    ledger_.set(queue);
  } else {
    lines_.limit_changed(queue, gate, behind(gate));
  }
  changed(Bell::kClaimable);
}

}  // namespace penstock::sqlite
