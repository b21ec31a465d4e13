#include "durable/error_groups.hpp"

#include <algorithm>
#include <utility>

#include "base/fingerprint.hpp"
#include "config/text.hpp"

namespace penstock::durable {

void ErrorGroups::add(std::string_view kind, std::string_view message, std::string_view build, Time now) {
  const std::uint64_t print = base::fingerprint(kind, message);
  const auto [at, made] = groups_.try_emplace(print);
  ErrorGroup& g = at->second;
  if (made) {
    constexpr std::size_t kLastAndDots = 7;  // what `printable` may add beyond its limit
    g.kind = kind;
    g.fingerprint = print;
    g.first = g.last = now;
    g.sample = config::printable(message, kMaxSample - kLastAndDots);
    g.build = build;
  }
  ++g.count;
  g.first = std::min(g.first, now);
  g.last = std::max(g.last, now);
  if (made) cut();
}

void ErrorGroups::merge(const ErrorGroup& group) {
  const auto [at, made] = groups_.try_emplace(group.fingerprint, group);
  if (made) return cut();
  ErrorGroup& g = at->second;
  g.count += group.count;
  g.first = std::min(g.first, group.first);
  if (group.last < g.last) return;
  g.last = group.last;
  g.sample = group.sample;
  g.build = group.build;
}

void ErrorGroups::merge(const ErrorGroups& others) {
  for (const auto& [print, group] : others.groups_) merge(group);
}

void ErrorGroups::cut() {
  if (groups_.size() <= kMaxGroups) return;
  groups_.erase(std::ranges::min_element(groups_, {}, [](const auto& entry) { return entry.second.last; }));
}

std::vector<ErrorGroup> ErrorGroups::last_first() const {
  std::vector<ErrorGroup> out;
  for (const auto& [print, group] : groups_) out.push_back(group);
  std::ranges::stable_sort(out, std::greater<>(), &ErrorGroup::last);
  return out;
}

ErrorGroups* FailureLog::of(std::string_view queue) {
  if (const auto at = queues_.find(queue); at != queues_.end()) return &at->second;
  return queues_.size() < kMaxFailing ? &queues_[std::string(queue)] : nullptr;
}

void FailureLog::add(std::string_view queue, std::string_view kind, std::string_view message, Time now) {
  if (ErrorGroups* groups = of(queue)) groups->add(kind, message, build_, now);
}

void FailureLog::give_back(const std::string& queue, const ErrorGroups& groups) {
  if (ErrorGroups* mine = of(queue)) mine->merge(groups);
}

std::map<std::string, ErrorGroups> FailureLog::take(std::size_t queues) {
  std::map<std::string, ErrorGroups> out;
  while (out.size() < queues && !queues_.empty()) {
    auto at = queues_.lower_bound(next_);
    if (at == queues_.end()) at = queues_.begin();
    next_ = at->first + '\0';
    out.insert(queues_.extract(at));
  }
  return out;
}

}  // namespace penstock::durable
