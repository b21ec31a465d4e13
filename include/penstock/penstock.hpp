// Everything an application needs.
#pragma once

#include <penstock/manager.hpp>
