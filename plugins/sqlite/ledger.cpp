#include "ledger.hpp"

namespace penstock::sqlite {

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
    row.noted = use.integer(7 + static_cast<int>(kStates));
    at = queues_.emplace(name, row).first;
  }
  last_ = &*at;
  return &last_->second;
}

QueueRow& Ledger::make(std::string_view name) {
  if (QueueRow* row = find(name)) return *row;
  run(sql_.queue_add, Text{name});
  QueueRow row{.q = sqlite3_last_insert_rowid(sql_.db)};
  last_ = &*queues_.emplace(name, row).first;
  return last_->second;
}

void Ledger::save() {
  for (auto& [name, row] : queues_) {
    if (row.changed) {
      const auto& b = row.bytes;
      const auto& c = row.by_state;
      run(sql_.queue_save, row.q, row.gone[0], row.gone[1], row.trimmed, b[0], b[1], b[2], c[0], c[1], c[2], c[3], c[4],
          c[5], c[6]);
    }
    if (row.flow_changed) run(sql_.queue_flow, row.q, row.noted);
    row.changed = row.flow_changed = false;
  }
}

}  // namespace penstock::sqlite
