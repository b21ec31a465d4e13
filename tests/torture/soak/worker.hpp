// Who runs the tasks of a soak.
#pragma once

#include <string>

#include "torture/soak/mix.hpp"
#include "torture/soak/ring.hpp"

namespace penstock::torture {

// The handlers and hooks of a manager: they note in `ring` what happens. Both outlive the manager.
void work_on(TaskManager&, Ring& ring);

// One worker process on a store: runs until `ring->stop`. Returns its exit status.
int be_soak_worker(const std::string& ring, const StorePlace&);

}  // namespace penstock::torture
