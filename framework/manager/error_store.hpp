// The documents of error groups in the store: "penstock.errors/QUEUE", written by all processes.
#pragma once

#include <string_view>
#include <vector>

#include <penstock/error_groups.hpp>
#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/plugin.hpp>

#include "durable/error_groups.hpp"

namespace penstock::impl {

class ErrorStore {
 public:
  ErrorStore(Registry& registry, Host& host, std::uint64_t max_body)
      : registry_(registry), host_(host), max_body_(max_body) {}

  // Merges the groups into the queue's document, whoever else writes it meanwhile. One that cannot be read
  // is started anew, one of a later version is left alone; either is logged. Where the answer to a write is
  // lost and another process has written since, the groups may be counted twice.
  Result<void> add(std::string_view queue, const durable::ErrorGroups& groups);
  // By queue, last seen first; of all queues when `queue` is empty. What cannot be read is left out, and logged.
  Result<std::vector<ErrorGroup>> read(std::string_view queue);

 private:
  Result<durable::ErrorGroups> decode(const Document& document);
  Registry& registry_;
  Host& host_;
  std::uint64_t max_body_;
};

}  // namespace penstock::impl
