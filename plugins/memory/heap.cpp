#include "heap.hpp"

#include <algorithm>

namespace penstock::memory {
namespace {

bool before(const Heap::Entry& a, const Heap::Entry& b) noexcept {
  return a.major != b.major ? a.major < b.major : a.minor < b.minor;
}

}  // namespace

void Heap::pop() noexcept {
  entries_.front() = entries_.back();
  entries_.pop_back();
  if (!entries_.empty()) sink(0);
}

void Heap::rise(std::size_t at) noexcept {
  const Entry e = entries_[at];
  while (at > 0) {
    const std::size_t parent = (at - 1) / kFan;
    if (!before(e, entries_[parent])) break;
    entries_[at] = entries_[parent];
    at = parent;
  }
  entries_[at] = e;
}

void Heap::sink(std::size_t at) noexcept {
  const Entry e = entries_[at];
  for (;;) {
    const std::size_t first = at * kFan + 1, end = std::min(first + kFan, entries_.size());
    if (first >= end) break;
    std::size_t least = first;
    for (std::size_t i = first + 1; i < end; ++i) {
      if (before(entries_[i], entries_[least])) least = i;
    }
    if (!before(entries_[least], e)) break;
    entries_[at] = entries_[least];
    at = least;
  }
  entries_[at] = e;
}

void Heap::rebuild() noexcept {
  for (std::size_t i = entries_.size() / kFan + 1; i-- > 0;) {
    if (i < entries_.size()) sink(i);
  }
}

}  // namespace penstock::memory
