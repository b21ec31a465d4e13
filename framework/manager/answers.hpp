// What a store answers is looked at before it is believed: it may be anybody's plugin.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock::impl {

// The answer, if it has an item for each of those asked about; else Errc::internal.
template <class T>
Result<std::vector<T>> whole(Result<std::vector<T>> answer, std::size_t asked, const char* call) {
  if (!answer || answer->size() == asked) return answer;
  return Error{Errc::internal, std::string("the store answered ") + std::to_string(answer->size()) + " of " +
                                   std::to_string(asked) + " items of " + call};
}

// Sends tasks to the store; again under the same ids, which makes it safe, while the outcome is unknown.
Result<std::vector<Admission>> send_to(DurableBackend& backend, std::span<const NewTask> tasks);  // enqueue.cpp

// What of its properties nobody can work with; empty when all is well.
inline std::string_view fault(const Properties& p) {
  if (p.size < sizeof(Properties)) return "its properties are too small";  // the others may not be there
  if (!p.durability) return "it states no durability";
  if (p.max_batch == 0) return "it takes batches of no items";
  return {};
}

}  // namespace penstock::impl
