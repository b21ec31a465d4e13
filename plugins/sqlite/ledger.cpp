#include "ledger.hpp"

namespace penstock::sqlite {

QueueRow* Ledger::find(std::string_view name) {
  if (last_ && last_->first == name) return &last_->second;
  auto at = queues_.find(name);
  if (at == queues_.end()) {
    Use use(sql_.queue_find, Text{name});
    if (!use.next()) return nullptr;
    QueueRow row{.q = use.integer(0),
                 .flow = use.integer(1),
                 .gone = {use.integer(2), use.integer(3)},
                 .trimmed = use.integer(4),
                 .bytes = {use.integer(5), use.integer(6), use.integer(7)}};
    for (std::size_t s = 0; s < kStates; ++s) row.by_state[s] = use.integer(8 + static_cast<int>(s));
    at = queues_.emplace(name, row).first;
  }
  last_ = &*at;
  return &last_->second;
}

QueueRow& Ledger::make(std::string_view name) {
  if (QueueRow* row = find(name)) return *row;
  run(sql_.queue_add, Text{name});
  const std::int64_t q = sqlite3_last_insert_rowid(sql_.db);
  run(sql_.flow_add, q);
  QueueRow row{.q = q, .flow = sqlite3_last_insert_rowid(sql_.db), .changed = true};
  last_ = &*queues_.emplace(name, row).first;
  return last_->second;
}

void Ledger::save() {
  for (auto& [name, row] : queues_) {
    if (!row.changed) continue;
    const auto &b = row.bytes;
    const auto &c = row.by_state;
    run(sql_.queue_save, row.q, row.flow, row.gone[0], row.gone[1], row.trimmed, b[0], b[1], b[2], c[0], c[1], c[2], c[3],
        c[4], c[5], c[6]);
    row.changed = false;
  }
}

}  // namespace penstock::sqlite
