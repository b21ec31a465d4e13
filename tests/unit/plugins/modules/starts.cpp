// A module that does something while it is loaded, before anybody can look at it.
#include <cstdlib>
#include <unistd.h>

#include <penstock/plugin/plugin.hpp>

namespace {
[[maybe_unused]] const int started = [] {
  START;
  return 0;
}();
struct Nothing final : penstock::Interface {
  static constexpr const char* kKind = "tracer";
  static penstock::Result<std::unique_ptr<Nothing>> open(penstock::Host&, const penstock::Settings&) {
    return std::make_unique<Nothing>();
  }
};
}  // namespace

PENSTOCK_PLUGIN(ID, "1.0", "MIT", penstock::component<Nothing, Nothing>("nothing", "Nothing."));
