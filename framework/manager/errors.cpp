// What tasks failed of: from the manager's memory into the store, and back to those who ask.
#include "manager/error_store.hpp"
#include "manager/impl.hpp"

namespace penstock::impl {

void Manager::note_failure(ManagerState& state, const durable::Task& task) {
  if (registry_) state.failures.add(task.leased.queue, task.leased.kind, task.error, clock_.wall());
}

// Writes down what failed in so many queues since the last time. What cannot be written now is kept.
void Manager::flush_failures(std::size_t queues) {
  if (!registry_) return;
  const auto seen = state_.lock()->failures.take(queues);
  ErrorStore store(*registry_, *host_, properties_.max_body);
  Result<void> written;
  for (const auto& [queue, groups] : seen) {
    if (written) written = store.add(queue, groups);
    if (!written) state_.lock()->failures.give_back(queue, groups);
  }
  if (!written && !flush_failed_) {
    host_->log(Level::warn, "what tasks failed of cannot be written down now: " + written.error().message);
  }
  flush_failed_ = !written;
}

std::vector<ErrorGroup> Manager::errors(std::string_view queue) {
  if (!registry_) {
    throw Exception(
        Error{Errc::unsupported, "backend \"" + options_.backend.use + "\" has no registry, so it keeps no errors"});
  }
  return value_or_throw(ErrorStore(*registry_, *host_, properties_.max_body).read(queue));
}

}  // namespace penstock::impl
