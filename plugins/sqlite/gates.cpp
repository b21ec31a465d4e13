#include "gates.hpp"

#include <algorithm>

#include "gate_setting.hpp"
#include "ledger.hpp"
#include "statements.hpp"

namespace penstock::sqlite {

std::string_view class_of(std::string_view gate) noexcept {
  const std::size_t colon = gate.find(':');
  return colon == gate.npos ? std::string_view() : gate.substr(0, colon);
}

std::optional<std::int64_t> Gate::due() const noexcept {
  if (waiting == 0) return {};
  if (overdue) return 0;
  return meter.opens(leased, opened == kClosed ? 1 : admitted + 1);  // absent: a slot that comes back will tell
}

void GateBook::set(std::string_view queue, Gate& g) {
  const GateSetting own = sql_.flow().setting(queue, g.name);
  GateSetting of_class;
  if (const std::string_view name = class_of(g.name); !own.limit() && !name.empty()) {
    of_class = sql_.flow().setting(queue, name);
  }
  const Limit* limit = own.limit() ? own.limit() : of_class.limit();
  g.meter.limit = limit ? *limit : Limit();
  g.meter.held = own.held;
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
    numbers_.seen(g.id);
    g.leased = use.integer(2);
    g.admitted = use.integer(3);
    g.waiting = use.integer(4);
    g.opened = use.integer(5);
    g.meter.full_at = use.integer(6);
    g.stored = true;
  } else {
    g.id = numbers_.next(sql_.flow().gate_last);
  }
  set(queue.name, g);
  by_name_.emplace(std::move(key), &g);
  return g;
}

std::int64_t GateBook::oldest_open(std::int64_t q) {
  auto [at, fresh] = oldest_open_.emplace(q, INT64_MAX);
  if (fresh) {
    Use use(sql_.flow().gate_oldest_open, q);
    if (use.next() && !use.null(0)) at->second = use.integer(0);
  }
  std::int64_t out = at->second;
  for (const Gate& g : gates_) {
    if (g.q == q && g.waiting > 0 && g.opened != Gate::kClosed) out = std::min(out, g.opened);
  }
  return out;
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
