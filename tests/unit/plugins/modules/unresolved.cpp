// Calls a function that nobody has: linked, but not loadable.
#include <penstock/plugin/plugin.hpp>

extern "C" int penstock_test_nobody_has_this();

namespace {
struct Nothing final : penstock::Interface {
  static constexpr const char* kKind = "tracer";
  static penstock::Result<std::unique_ptr<Nothing>> open(penstock::Host&, const penstock::Settings&) {
    return penstock_test_nobody_has_this() ? std::make_unique<Nothing>() : nullptr;
  }
};
}  // namespace

PENSTOCK_PLUGIN(unresolved, "1.0", "MIT", penstock::component<Nothing, Nothing>("nothing", "Nothing."));
