#include "results/local_registry.hpp"

#include <cstring>

#include "base/random.hpp"

namespace penstock::results {

// Generations are odd while a slot is free and even while it is used.
LocalRegistry::LocalRegistry(RetentionLimits limits) : limits_(limits) {
  base::random_bytes(nonce_);
  nonce_[6] = static_cast<unsigned char>(0x80 | (nonce_[6] & 0x0f));  // UUIDv8, RFC 9562: a layout of our own
}

LocalTask& LocalRegistry::add() {
  if (free_.empty()) {
    auto& chunk = *chunks_.emplace_back(std::make_unique<Chunk>());
    for (std::size_t i = kChunk; i-- > 0;) {
      chunk[i].slot = static_cast<std::uint32_t>((chunks_.size() - 1) * kChunk + i);
      free_.push_back(&chunk[i]);
    }
  }
  LocalTask& task = *free_.back();
  free_.pop_back();
  ++task.generation;
  ++active_;
  return task;
}

TaskId LocalRegistry::id_of(const LocalTask& task) const noexcept {
  TaskId id;
  std::memcpy(id.bytes.data(), nonce_.data(), 8);
  for (int i = 0; i < 4; ++i) {
    id.bytes[8 + i] = static_cast<unsigned char>(task.slot >> (24 - 8 * i));
    id.bytes[12 + i] = static_cast<unsigned char>(task.generation >> (24 - 8 * i));
  }
  id.bytes[8] = static_cast<unsigned char>(0x80 | (id.bytes[8] & 0x3f));
  return id;
}

bool LocalRegistry::owns(const TaskId& id) const noexcept {
  return std::memcmp(id.bytes.data(), nonce_.data(), 8) == 0;
}

LocalTask* LocalRegistry::find(const TaskId& id) noexcept {
  if (!owns(id)) return nullptr;
  std::uint32_t slot = id.bytes[8] & 0x3f, generation = 0;
  for (int i = 1; i < 4; ++i) slot = slot << 8 | id.bytes[8 + i];
  for (int i = 0; i < 4; ++i) generation = generation << 8 | id.bytes[12 + i];
  if (slot >= chunks_.size() * kChunk) return nullptr;
  LocalTask& task = (*chunks_[slot / kChunk])[slot % kChunk];
  return task.generation == generation && generation % 2 == 0 ? &task : nullptr;
}

std::uint64_t LocalRegistry::octets(const LocalTask& task) noexcept {
  return sizeof(LocalTask) + task.error.capacity() + (task.details ? sizeof(LocalDetails) : 0) +
         (task.result ? task.result->octets() : 0);
}

void LocalRegistry::ended(LocalTask& task, Instant now, std::vector<std::unique_ptr<ResultValue>>& garbage) {
  --active_;
  ++kept_;
  octets_ += task.octets = octets(task);
  task.ended = now;
  task.next = nullptr;
  task.previous = newest_;
  if (newest_) {
    newest_->next = &task;
  } else {
    oldest_ = &task;
  }
  newest_ = &task;
  trim(now, garbage);
}

void LocalRegistry::trim(Instant now, std::vector<std::unique_ptr<ResultValue>>& garbage) {
  while (oldest_ && (kept_ > limits_.count || octets_ > limits_.bytes || now - oldest_->ended >= limits_.age)) {
    LocalTask& task = *oldest_;
    unlink(task);
    free(task, &garbage);
  }
}

std::unique_ptr<ResultValue> LocalRegistry::take_result(LocalTask& task) {
  std::unique_ptr<ResultValue> result = std::move(task.result);
  std::uint64_t left = octets(task);
  octets_ -= task.octets - left;
  task.octets = left;
  return result;
}

void LocalRegistry::unlink(LocalTask& task) {
  oldest_ = static_cast<LocalTask*>(task.next);
  if (oldest_) {
    oldest_->previous = nullptr;
  } else {
    newest_ = nullptr;
  }
  task.next = nullptr;
  --kept_;
  octets_ -= task.octets;
}

void LocalRegistry::free(LocalTask& task, std::vector<std::unique_ptr<ResultValue>>* garbage) {
  if (task.result && garbage) garbage->push_back(std::move(task.result));
  task.result.reset();
  ++task.generation;  // its id is unknown from now on
  if (!task.pinned) unpin(task);
}

void LocalRegistry::unpin(LocalTask& task) {
  task.pinned = false;
  if (task.generation % 2 == 0) return;  // still kept
  task.details.reset();
  task.error.clear();
  task.status = Status::queued;
  task.failures = 0;
  task.arrival = 0;
  task.cancel_requested = task.stop_wanted = false;
  free_.push_back(&task);
}

}  // namespace penstock::results
