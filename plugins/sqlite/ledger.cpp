#include "ledger.hpp"

#include <algorithm>
#include <utility>

#include "gate_setting.hpp"

namespace penstock::sqlite {
namespace {

constexpr std::size_t kMostTaken = 64;

}  // namespace

void Ledger::trust(Rows rows) {
  queues_ = std::move(rows);
  for (auto& [name, row] : queues_) row.own.adopt(clock_);
}

Ledger::Rows Ledger::take() {
  last_ = nullptr;
  return queues_.size() > kMostTaken ? Rows() : std::move(queues_);
}

QueueRow* Ledger::find(std::string_view name) {
  if (last_ && last_->first == name) return &last_->second;
  auto at = queues_.find(name);
  if (at == queues_.end()) {
    Use use(sql_.queue_find, Text{name});
    if (!use.next()) return nullptr;
    QueueRow row{.q = use.integer(0),
                 .gone = {use.integer(1), use.integer(2)},
                 .trimmed = use.integer(3),
                 .bytes = {use.integer(4), use.integer(5), use.integer(6)}};
    for (std::size_t s = 0; s < kStates; ++s) row.by_state[s] = use.integer(7 + static_cast<int>(s));
    int column = 7 + static_cast<int>(kStates);
    for (auto field : {&QueueRow::keyed, &QueueRow::later, &QueueRow::noted, &QueueRow::turns, &QueueRow::seats,
                       &QueueRow::parked}) {
      row.*field = use.integer(column++);
    }
    row.walk_from = use.bytes(column++);
    row.walk_to = use.bytes(column++);
    row.own.limit = {use.integer(column), use.real(column + 1), static_cast<std::uint32_t>(use.integer(column + 2))};
    row.own.held = use.integer(column + 3);
    row.own.full_at = use.integer(column + 4);
    row.own.adopt(clock_);
    at = queues_.emplace(name, std::move(row)).first;
    at->second.name = at->first;
  }
  last_ = &*at;
  return &last_->second;
}

QueueRow& Ledger::make(std::string_view name) {
  if (QueueRow* row = find(name)) return *row;
  run(sql_.queue_add, Text{name});
  last_ = &*queues_.emplace(name, QueueRow{.q = sqlite3_last_insert_rowid(sql_.db)}).first;
  last_->second.name = last_->first;
  set(last_->second);
  return last_->second;
}

std::vector<std::string> Ledger::names() {
  std::vector<std::string> out;
  Use use(sql_.flow().queue_names);
  while (use.next()) out.emplace_back(use.bytes(0));
  return out;
}

void Ledger::set(QueueRow& row) {
  const Meter before = std::exchange(row.own, Meter{.full_at = row.own.full_at});
  {
    Use use(sql_.queue_setting, Text{row.name});
    while (use.next()) {
      const GateSetting set = read_gate_setting(use, 1);
      row.own.held = std::max(row.own.held, set.held);
      if (const Limit* limit = set.limit(); limit && use.integer(0) == 0) row.own.limit = *limit;
    }
  }
  row.own.adopt(clock_);
  const Limit& l = row.own.limit;
  if (l == before.limit && row.own.held == before.held && row.own.full_at == before.full_at) return;
  run(sql_.queue_set, row.q, l.running, l.per_second, l.burst, row.own.held);
  row.flow_changed = true;
}

void Ledger::save() {
  for (auto& [name, row] : queues_) {
    if (row.changed) {
      const auto& b = row.bytes;
      const auto& c = row.by_state;
      run(sql_.queue_save, row.q, row.gone[0], row.gone[1], row.trimmed, b[0], b[1], b[2], c[0], c[1], c[2], c[3], c[4],
          c[5], c[6]);
    }
    if (row.flow_changed) {
      run(sql_.queue_flow, row.q, row.keyed, row.later, row.noted, row.turns, row.seats, row.parked,
          std::string_view(row.walk_from), std::string_view(row.walk_to), row.own.full_at);
    }
    row.changed = row.flow_changed = false;
  }
}

}  // namespace penstock::sqlite
