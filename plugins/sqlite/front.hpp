// The head of an ordered index of the database, as it will be once everything is written.
#pragma once

#include <cstddef>
#include <map>
#include <optional>

namespace penstock::sqlite {

// Holds the first items of the index from the moment that they are asked for, and is told of every change.
// Items must outlive it.
template <class Key, class Item>
class Front {
 public:
  void add(const Key& key, Item& item) {
    if (complete_ || (end_ && key < *end_)) items_.emplace(key, &item);
  }
  void remove(const Key& key) { items_.erase(key); }

  // The first; null when there is none. `load(most)` writes what is not written yet and returns the first
  // items of the index with their keys, in order: `most`, or all there are.
  template <class Load>
  Item* first(std::size_t most, Load&& load) {
    if (items_.empty() && !complete_) {  // all that were known are gone, so the rest begins at the start
      const auto rows = load(most);
      for (const auto& [key, item] : rows) items_.emplace_hint(items_.end(), key, item);
      complete_ = rows.size() < most;
      if (!rows.empty()) end_ = rows.back().first;
    }
    return items_.empty() ? nullptr : items_.begin()->second;
  }
  // How many there are; absent when that is not known.
  std::optional<std::size_t> size() const { return complete_ ? std::optional(items_.size()) : std::nullopt; }

 private:
  std::map<Key, Item*> items_;
  std::optional<Key> end_;  // the items up to here are known
  bool complete_ = false;   // all are
};

}  // namespace penstock::sqlite
