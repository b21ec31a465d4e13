// A task as it waits in an outbox: everything of a NewTask, in a version octet and tagged fields.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock::outbox {

// `keep_holder`: if another task holds the unique key by then, that one will do.
// Requires: no delay and no queue_limit, which mean nothing later.
std::string encode(const NewTask& task, bool keep_holder = false);

// A task as read: it points into the record, and into the lists beside it. To be moved, not copied.
struct Parcel {
  NewTask task;
  bool keep_holder = false;
  std::vector<std::string_view> gates;
  std::vector<TaskKey> after;
};
// Errors: invalid, for what `encode` could not have written, and for records of later versions that
// ask for something unknown here.
Result<Parcel> decode(std::string_view record);

}  // namespace penstock::outbox
