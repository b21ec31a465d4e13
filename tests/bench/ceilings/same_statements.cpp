#include "bench/ceilings/same_statements.hpp"

#include <utility>

#include "bench/lib/clock.hpp"
#include "bench/lib/tasks.hpp"

namespace penstock::bench {
namespace {

std::string_view view(const TaskId& id) { return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}; }

std::int64_t wall_ms() {
  return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

SameStatements::SameStatements(const std::string& path, bool full) : db_(path, full) {}

void SameStatements::load() {
  queue_get_.start();
  if (!queue_get_.next()) db_.fail("no queue");
  q_ = queue_get_.integer(0);
  ready_ = queue_get_.integer(1);
  leased_ = queue_get_.integer(2);
  gone_ = queue_get_.integer(3);
  queue_get_.next();
}

void SameStatements::save() { queue_set_.run(q_, ready_, leased_, gone_); }

void SameStatements::add(const TaskId& id, std::string_view body, std::int32_t priority) {
  const std::int64_t rank = std::int64_t{priority} * 65536 + 65534;
  add_.run(q_, 8 * q_ + 2, rank, wall_ms(), body.size(), view(id), "bench.job", body);
  ++ready_;
}

std::size_t SameStatements::claim(std::uint32_t most) {
  claimed_.clear();
  const std::int64_t epoch = epoch_.number();
  std::string body;
  std::string tasks;
  ready_tasks_.start(8 * q_ + 2, most);
  while (ready_tasks_.next()) {
    body = ready_tasks_.bytes(3);  // a worker would want it
    Held& held = claimed_.emplace_back(Held{ready_tasks_.integer(0), {}, epoch});
    ready_tasks_.bytes(1).copy(reinterpret_cast<char*>(held.id.bytes.data()), held.id.bytes.size());
    tasks.append(reinterpret_cast<const char*>(&held.n), sizeof held.n);
  }
  if (claimed_.empty()) return 0;
  for (const Held& h : claimed_) lease_task_.run(h.n, epoch, 0);
  lease_add_.run(epoch, q_, now_ns() / 1'000'000 + 10'000, claimed_.size(), std::string_view(tasks));
  ready_ -= static_cast<std::int64_t>(claimed_.size());
  leased_ += static_cast<std::int64_t>(claimed_.size());
  held_.insert(held_.end(), claimed_.begin(), claimed_.end());
  return claimed_.size();
}

std::size_t SameStatements::settle() {
  const std::int64_t now = wall_ms();
  std::int64_t epoch = 0;
  for (const Held& h : held_) {
    if (finish_.run(view(h.id), q_, h.epoch) != 1) db_.fail("a task to be settled is not there");
    gone_add_.run(view(h.id), q_, h.epoch, now);
    if (epoch != h.epoch) lease_over_.run(h.epoch);
    epoch = h.epoch;
  }
  gone_ = now;
  leased_ -= static_cast<std::int64_t>(held_.size());
  const std::size_t settled = held_.size();
  held_.clear();
  return settled;
}

void make_store(const std::string& path, bool full) {
  TaskManager tasks = TaskManager::open(on_sqlite(path, full));
  const TaskRef ref = tasks.enqueue(Job{});
  if (tasks.cancel(ref) != Cancelled::was_waiting) throw std::runtime_error("a task that waits was not cancelled");
}

}  // namespace penstock::bench
