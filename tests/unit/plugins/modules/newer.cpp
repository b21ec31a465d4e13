// A plugin built against later headers of the same ABI number: its structs have gained fields.
#include <penstock/plugin/plugin.hpp>

namespace {

using namespace penstock;

struct LaterComponent : Component {
  const char* later = "unknown to this host";
};
struct LaterDescriptor : PluginDescriptor {
  const char* later = "unknown to this host";
};

Interface* make(Host&, const Settings&, Error&) noexcept { return new Interface; }

LaterComponent components[2];
LaterDescriptor descriptor;

}  // namespace

extern "C" PENSTOCK_API const PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(newer)() noexcept;
extern "C" PENSTOCK_API const PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(newer)() noexcept {
  for (LaterComponent& c : components) {
    c.size = sizeof c, c.kind = "tracer", c.name = "newer", c.doc = "From later.", c.create = make;
  }
  components[1].kind = "limiter";
  descriptor.size = sizeof descriptor, descriptor.name = "newer", descriptor.version = "2.0",
  descriptor.license = "MIT";
  descriptor.components = components, descriptor.components_count = 2;
  return &descriptor;
}
