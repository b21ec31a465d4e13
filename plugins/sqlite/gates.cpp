#include "gates.hpp"

#include "ledger.hpp"
#include "gate_setting.hpp"
#include "statements.hpp"

namespace penstock::sqlite {

std::string_view class_of(std::string_view gate) noexcept {
  const std::size_t colon = gate.find(':');
  return colon == gate.npos ? std::string_view() : gate.substr(0, colon);
}

std::optional<std::int64_t> Gate::due() const noexcept {
  if (waiting == 0) return {};
  if (overdue) return 0;
  return meter.opens(leased, admitted + 1);  // absent: a slot that comes back will tell
}

void GateBook::set(std::string_view queue, Gate& g) {
  std::optional<GateSetting> own, of_class;
  Use use(sql_.flow().limit_get, Text{queue}, std::string_view(g.name), class_of(g.name));
  while (use.next()) (use.bytes(0) == g.name ? own : of_class) = read_gate_setting(use, 1);
  if (class_of(g.name).empty()) of_class.reset();  // what is set for the name "" is the queue's own
  const Limit* limit = own ? own->limit() : nullptr;
  if (!limit && of_class) limit = of_class->limit();
  g.meter.limit = limit ? *limit : Limit();
  g.meter.held = own ? own->held : 0;
  g.meter.adopt(clock_);
}

Gate& GateBook::at(const QueueRow& queue, std::string_view name) {
  std::pair key(queue.q, std::string(name));
  if (auto known = by_name_.find(key); known != by_name_.end()) return *known->second;
  Gate& g = gates_.emplace_back();
  g.q = queue.q;
  g.name = name;
  Use use(sql_.flow().gate_find, queue.q, name);
  if (use.next()) {
    g.id = use.integer(0);
    g.leased = use.integer(2);
    g.admitted = use.integer(3);
    g.waiting = use.integer(4);
    g.opened = use.integer(5);
    g.meter.full_at = use.integer(6);
    g.stored = true;
  } else {
    if (last_ == 0) last_ = FlowStatements::highest(sql_.flow().gate_last);
    g.id = ++last_;
  }
  set(queue.name, g);
  by_name_.emplace(std::move(key), &g);
  return g;
}

void GateBook::set(const QueueRow& queue) {
  for (Gate& g : gates_) {
    if (g.q == queue.q) set(queue.name, g);
  }
}

void GateBook::touch(Gate& g) {
  if (!g.changed) changed_.push_back(&g);
  g.changed = true;
}

void GateBook::save() {
  for (Gate* g : changed_) {
    g->changed = false;
    const bool full = g->meter.full_at == 0 || g->meter.full_at <= Meter::nanos(clock_.boot());
    if (!g->used() && full) {
      if (g->stored) run(sql_.flow().gate_delete, g->id);
      g->stored = false;
      continue;
    }
    std::optional<std::int64_t> idle;
    if (!g->used()) idle = Meter::millis(g->meter.full_at), ++idle_;
    const auto due = g->due();
    if (g->stored) {
      run(sql_.flow().gate_save, g->id, g->q, g->leased, g->admitted, g->waiting, g->opened, g->meter.full_at, due,
          idle);
    } else {
      run(sql_.flow().gate_add, g->id, g->q, g->leased, g->admitted, g->waiting, g->opened, g->meter.full_at, due, idle,
          std::string_view(g->name));
    }
    g->stored = true;
  }
  changed_.clear();
}

// Two for each that was put aside: so they do not pile up, and no call has many to do.
void GateBook::sweep() {
  if (idle_ > 0) run(sql_.flow().gate_sweep, clock_.boot(), 2 * idle_);
  idle_ = 0;
}

}  // namespace penstock::sqlite
