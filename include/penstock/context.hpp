// What a handler is given: see penstock/plugin/handlers.hpp, where Context and TaskView are declared.
#pragma once

#include <penstock/plugin/handlers.hpp>
