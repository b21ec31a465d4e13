#include "transaction.hpp"

#include <algorithm>
#include <mutant.hpp>

#include "../shared/call_checks.hpp"
#include "traits.hpp"

namespace penstock::sqlite {

TaskRow read_task(Use& use) {
  TaskRow t;
  t.n = use.integer(0);
  t.id = task_id(use.bytes(1));
  t.q = use.integer(2);
  t.state = static_cast<State>(use.integer(3));
  t.lane = use.integer(4);
  t.place = use.integer(5);
  t.rank = use.integer(6);
  t.epoch = static_cast<Epoch>(use.integer(7));
  t.flags = use.integer(8);
  t.failures = use.integer(9);
  t.crashes = use.integer(10);
  t.enqueued = use.integer(11);
  if (!use.null(12)) t.until = use.integer(12);
  t.size = use.integer(13);
  t.note_size = use.integer(14);
  t.kind = use.bytes(15);
  t.traits = use.bytes(16);
  return t;
}

std::string pack(std::span<const std::int64_t> tasks) {
  std::string blob(tasks.size() * 8, '\0');
  for (std::size_t i = 0; i < blob.size(); ++i) {
    blob[i] = static_cast<char>(static_cast<std::uint64_t>(tasks[i / 8]) >> (i % 8 * 8));
  }
  return blob;
}

std::vector<std::int64_t> unpack(std::string_view blob) {
  std::vector<std::int64_t> tasks(blob.size() / 8);
  for (std::size_t i = 0; i < tasks.size() * 8; ++i) {
    tasks[i / 8] |= static_cast<std::int64_t>(std::uint64_t{static_cast<unsigned char>(blob[i])} << (i % 8 * 8));
  }
  return tasks;
}

std::optional<TaskRow> Transaction::find(const QueueRow& queue, const TaskId& id) {
  Use use(sql_.task_by_id, view(id), queue.q);
  return use.next() ? std::optional(read_task(use)) : std::nullopt;
}

std::optional<TaskRow> Transaction::find(std::int64_t n) {
  Use use(sql_.task_by_n, n);
  return use.next() ? std::optional(read_task(use)) : std::nullopt;
}

// Ids rise with time, so one look at the highest gone id spares a new task the search for its own.
std::optional<Transaction::Gone> Transaction::find_gone(const QueueRow& queue, const TaskId& id) {
  if (!gone_top_) {
    Use top(sql_.gone_top);
    top.next();
    gone_top_ = top.bytes(0);
  }
  if (view(id) > *gone_top_) return {};
  Use use(sql_.gone_get, view(id), queue.q);
  if (!use.next()) return {};
  return Gone{static_cast<Epoch>(use.integer(0)), static_cast<State>(use.integer(1))};
}

std::string Transaction::content(const TaskRow& t, bool note) {
  if (t.flags & (note ? kLargeNote : kLargeBody)) {
    Use use(sql_.content_get, 2 * t.n + note);
    return use.next() ? std::string(use.bytes(0)) : std::string();
  }
  Use use(sql_.task_content, t.n);
  return use.next() ? std::string(use.bytes(note)) : std::string();
}

// The row's flags change too: the caller saves it.
void Transaction::write_note(TaskRow& t, Bytes note) {
  if (t.flags & kLargeNote) run(sql_.content_delete, 2 * t.n + 1);
  const bool large = note.size() > kLarge;
  if (large) run(sql_.content_add, 2 * t.n + 1, note);
  run(sql_.task_note, t.n, large ? Bytes() : note, note.size());
  t.flags = large ? t.flags | kLargeNote : t.flags & ~kLargeNote;
  t.note_size = static_cast<std::int64_t>(note.size());
}

void Transaction::save(const TaskRow& t, std::optional<std::int64_t> lane) {
  run(sql_.task_save, t.n, static_cast<int>(t.state), lane, lane ? std::optional(t.place) : std::nullopt, t.epoch,
      t.flags, t.failures, t.crashes, t.until);
}

// Puts a task that stands in no line among the ready ones, or the scheduled ones when there is a delay.
void Transaction::line_up(QueueRow& queue, TaskRow& t, Millis delay) {
  const std::string_view flow = flow_of(t.traits);
  t.state = delay > Millis(0) ? State::scheduled : State::ready;
  t.flags &= ~(kBegun | kStop);
  if (t.state == State::scheduled) {
    t.place = later(clock_.wall(), delay.count());
    save(t, flow.empty() ? queue.line(t.state) : queue.later_line());
    queue.schedule(1, !flow.empty());
  } else {
    const Lines::Place at = lines_.place(queue, flow);
    t.place = t.rank;
    save(t, at.lane);
    lines_.came(queue, at, {t.rank, t.n});
  }
  changed(Bell::kClaimable);
}

// A task of this state, which nobody has claimed, has left that lane.
void Transaction::left(QueueRow& queue, State state, std::int64_t lane) {
  if (state == State::ready) return lines_.went(queue, lane);
  queue.schedule(-1, lane % 8 == kLaterLane);
}

// Ends a task that nobody has claimed.
void Transaction::withdraw(QueueRow& queue, TaskRow& t, Millis keep) {
  const State state = t.state;
  end(queue, t, State::cancelled, keep);
  left(queue, state, t.lane);
}

// Ends a task that its queue has ceased to count.
void Transaction::end(QueueRow& queue, TaskRow& t, State to, Millis keep) {
  drop_key(queue, t);
  t.state = to;
  t.flags &= ~(kBegun | kStop);
  changed(Bell::kEnded);
  const std::int64_t now = clock_.wall();
  if (keep <= Millis(0)) return bury(queue, t, now);
  t.place = now;
  if (keep != kKeepForever) {
    t.until = later(now, keep.count());
    run(sql_.keep_add, queue.line(to), *t.until, t.n);
  }
  save(t, queue.line(to));
  queue.keep(to, t.size + t.note_size, 1);
}

void Transaction::unkeep(const QueueRow& queue, const TaskRow& t) {
  if (t.until) run(sql_.keep_delete, queue.line(t.state), *t.until, t.n);
}

void Transaction::bury(QueueRow& queue, const TaskRow& t, std::int64_t ended) {
  if (t.flags & kLargeBody) run(sql_.content_delete, 2 * t.n);
  if (t.flags & kLargeNote) run(sql_.content_delete, 2 * t.n + 1);
  run(sql_.task_delete, t.n);
  tombstone(queue, t.id, t.epoch, t.state, ended);
}

void Transaction::tombstone(QueueRow& queue, const TaskId& id, Epoch epoch, State state, std::int64_t ended) {
  if (mutant("sqlite.tombstone.none")) return;
  const int table = gone_table();
  run(sql_.gone_add[table], view(id), queue.q, epoch, static_cast<int>(state), ended);
  if (gone_top_ && view(id) > *gone_top_) gone_top_ = view(id);
  auto& newest = queue.gone[static_cast<std::size_t>(table)];
  newest = std::max({newest, ended, std::int64_t{1}});  // 0 means none
  queue.changed = true;
}

// A task with these flags is leased no more. `refund`: its tokens go back.
void Transaction::unleased(QueueRow& queue, std::int64_t flags, std::string_view traits, bool refund) {
  bool awaited = queue.own.slots(queue.counted(State::leased)) == 0;
  queue.count(State::leased, -1);
  if (flags & kNoted) --queue.noted, queue.flow_changed = true;
  if ((flags & kGated) && !mutant("sqlite.slot.kept")) awaited |= lines_.give_back(queue, flow_of(traits), refund);
  if (refund && queue.own.timed()) {
    queue.own.refund();
    queue.flow_changed = awaited = true;
  }
  if (awaited && queue.counted(State::ready) > 0) changed(Bell::kClaimable);
}

Epoch Transaction::next_epoch() {
  Use use(sql_.epoch_next);
  if (!use.next()) damaged("it has no epoch counter");
  return epoch_ = static_cast<Epoch>(use.integer(0));
}

int Transaction::gone_table() {
  if (!gone_table_) {
    Use use(sql_.meta_get, Text{"gone"});
    gone_table_ = use.next() && use.integer(0) != 0 ? 1 : 0;
  }
  return *gone_table_;
}

// Claims arm the bell under the write lock, so what is armed now is all that this change can concern.
// Readers arm without it: whether an end is waited for is seen only after the commit.
void Transaction::changed(Bell::Call call) {
  if (call == Bell::kEnded || bell_.armed(call)) calls_ |= call;
}

void Transaction::damaged(const char* how) const {
  throw Failure(Error{Errc::data_regression, options_.path + ": the database is damaged: " + how}, 0);
}

Result<std::uint64_t> Transaction::put(std::string_view name, std::uint64_t revision, Bytes value) {
  std::uint64_t now = 0;
  {
    Use use(sql_.document_get, Text{name});
    if (use.next()) now = static_cast<std::uint64_t>(use.integer(0));
  }
  if (now != revision) return shared::outdated(name, revision, now);
  run(sql_.document_put, Text{name}, revision + 1, value);
  return revision + 1;
}

}  // namespace penstock::sqlite
