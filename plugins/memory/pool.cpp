#include "pool.hpp"

namespace penstock::memory {
namespace {

// Small buffers are kept for the next user, large ones would add up.
void empty(std::string& s) noexcept {
  if (s.capacity() > 512) {
    std::string().swap(s);
  } else {
    s.clear();
  }
}

}  // namespace

void Pool::free_task(std::uint32_t slot) noexcept {
  Task& t = tasks[slot];
  t.epoch = t.arrival = t.end = 0;
  t.failures = t.crashes = 0;
  t.begun = t.stop = t.watched = false;
  t.flow = nullptr;
  t.unique.reset();
  ++t.ticket;
  empty(t.kind);
  empty(t.body);
  empty(t.note);
  tasks.give(slot);
}

void Pool::free_batch(std::uint32_t ref) noexcept {
  Batch& b = batches[ref];
  b.epoch = 0;
  ++b.ticket;
  b.live = b.head = 0;
  b.asked = false;
  b.tasks.clear();
  b.taken.clear();
  batches.give(ref);
}

}  // namespace penstock::memory
