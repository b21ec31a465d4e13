// What the file looks like to an operator.
#pragma once

#include <vector>

#include <penstock/plugin/backend.hpp>

#include "connection.hpp"

namespace penstock::sqlite {

std::vector<Finding> diagnose(const Options& options, std::string_view durability);

}  // namespace penstock::sqlite
