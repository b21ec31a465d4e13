// The plain backend as a module, for what commands say where a capability is missing.
#include "support/plain_backend.hpp"

PENSTOCK_PLUGIN(plain, "0.1.0", "MIT",
                penstock::component<penstock::DurableBackend, penstock::testing::PlainBackend>("plain",
                                                                                               "Keeps nothing."));
