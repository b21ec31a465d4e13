// Unique keys: who holds one, and until when its last holder keeps it from others.
#include <mutant.hpp>

#include "traits.hpp"
#include "transaction.hpp"

namespace penstock::sqlite {
namespace {
constexpr int kMostSwept = 1000;  // keys that nobody needs any more, by one trim
}

// Who keeps the key from others now; absent: it is free.
std::optional<Transaction::Holder> Transaction::holder(const QueueRow& queue, std::string_view key) {
  Use use(sql_.key_get, queue.q, key);
  if (!use.next()) return {};
  const Holder last{task_id(use.bytes(0)), use.integer(1) != 0, use.integer(2)};
  return last.holds || last.until > clock_.wall() ? std::optional(last) : std::nullopt;
}

void Transaction::take_key(const QueueRow& queue, TaskRow& t) {
  const auto before = holder(queue, unique_of(t.traits));
  run(sql_.key_set, queue.q, unique_of(t.traits), view(t.id), before ? before->until : 0);
  t.flags |= kHolds;
}

void Transaction::drop_key(const QueueRow& queue, const TaskId& id, std::string_view traits) {
  if (mutant("sqlite.unique.kept")) return;
  const std::string_view key = unique_of(traits);
  if (run(sql_.key_drop, queue.q, key, view(id), clock_.wall()) == 0) run(sql_.key_free, queue.q, key, view(id));
}

// The task holds its key no more; the caller saves its row, if that stays.
void Transaction::drop_key(const QueueRow& queue, TaskRow& t) {
  if ((t.flags & kHolds) == 0) return;
  drop_key(queue, t.id, t.traits);
  t.flags &= ~kHolds;
}

void Transaction::sweep_keys(const QueueRow& queue) { run(sql_.key_sweep, queue.q, clock_.wall(), kMostSwept); }

}  // namespace penstock::sqlite
