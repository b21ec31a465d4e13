#include <algorithm>
#include <mutant.hpp>

#include "transaction.hpp"

namespace penstock::sqlite {

namespace {
// Records whose `keep` has passed are put in the order of their ends, so many of them at a time.
constexpr std::int64_t kSorted = 1000;
}  // namespace

Result<std::uint64_t> Transaction::trim(const Retention& r) {
  QueueRow* queue = ledger_.find(r.queue);
  if (!queue) return std::uint64_t{0};
  sweep_keys(*queue);
  forget(*queue);  // first, so that what ends up as a tombstone below is there till the next call
  queue = ledger_.find(r.queue);
  const auto tasks = over(*queue, r);
  for (std::int64_t n : tasks) {
    auto t = find(n);
    if (!t) continue;
    unkeep(*queue, *t);
    queue->keep(t->state, t->size + t->note_size, -1);
    bury(*queue, *t, t->place);
  }
  return std::uint64_t{tasks.size()};
}

// The records to let go. Age, count and bytes concern the oldest of the line, without a gap; only
// records whose `keep` has passed may lie behind one that stays.
std::vector<std::int64_t> Transaction::over(QueueRow& queue, const Retention& r) {
  const std::int64_t now = clock_.wall(), lane = queue.line(r.state);
  const std::int64_t aged = r.age == kKeepForever ? INT64_MIN : later(now, -r.age.count());
  auto count = static_cast<std::uint64_t>(queue.counted(r.state));
  auto bytes = static_cast<std::uint64_t>(queue.bytes_of(r.state));
  if (count == 0 || r.at_most == 0) return {};
  std::vector<std::int64_t> out;
  {
    Use line(sql_.line_ended, lane, r.at_most);
    while (line.next()) {
      const bool lapsed = !line.null(2) && line.integer(2) <= now;
      if (!lapsed && line.integer(1) > aged && count <= r.count && bytes <= r.bytes) break;
      out.push_back(line.integer(0));
      --count;
      bytes -= std::min(bytes, static_cast<std::uint64_t>(line.integer(3)));
    }
  }
  const auto room = static_cast<std::int64_t>(r.at_most) - static_cast<std::int64_t>(out.size());
  if (room == 0) return out;
  std::vector<std::int64_t> oldest(out);
  std::sort(oldest.begin(), oldest.end());
  Use over(sql_.keep_over, lane, now, std::max(kSorted, 4 * std::int64_t{r.at_most}), r.at_most);
  while (over.next() && out.size() < r.at_most) {
    if (!std::binary_search(oldest.begin(), oldest.end(), over.integer(0))) out.push_back(over.integer(0));
  }
  return out;
}

// Tombstones fill one table while the other ages; once every queue has trimmed past what the old one
// holds, it is emptied as a whole and takes its turn. Nothing is ever searched or deleted one by one.
void Transaction::forget(QueueRow& queue) {
  if (queue.gone[0] == 0 && queue.gone[1] == 0) return;
  queue.trimmed = later(clock_.wall(), -options_.remember.count() * !mutant("sqlite.tombstone.short"));
  queue.changed = true;
  ledger_.save();
  const int filling = gone_table(), old = 1 - filling;
  for (int table : {old, filling}) {
    if (!Use(sql_.gone_any[table]).next() || Use(sql_.gone_needed[table]).next()) continue;
    run(sql_.gone_clear[table]);
    run(sql_.gone_reset[table]);
  }
  ledger_.forget();
  if (!Use(sql_.gone_any[old]).next() && Use(sql_.gone_any[filling]).next()) {
    run(sql_.meta_set, Text{"gone"}, old);
    gone_table_ = old;
  }
  gone_top_.reset();
}

}  // namespace penstock::sqlite
