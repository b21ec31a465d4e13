// A plugin made by hand and then broken in one place: the build says by TWEAK where, and by SYMBOL
// what its entry is called.
#include <cstdlib>
#include <unistd.h>

#include <penstock/plugin/plugin.hpp>

namespace {

using namespace penstock;

Interface* make(Host&, const Settings&, Error&) noexcept { return new Interface; }

Setting settings[2] = {{"url", Kind::string, "", "Server."}, {"mode", Kind::choice, "a", "Mode.", 0, 0, "a|b"}};
[[maybe_unused]] constexpr std::string_view transform[] = {"penstock.codec.transform/1"};
Component components[2];
PluginDescriptor descriptor;

}  // namespace

extern "C" PENSTOCK_API const PluginDescriptor* SYMBOL() noexcept;
extern "C" PENSTOCK_API const PluginDescriptor* SYMBOL() noexcept {
  int i = 0;
  for (Component& c : components) {
    c = Component{};
    c.kind = "tracer", c.name = i++ ? "second" : "first", c.doc = "A component.";
    c.settings = settings, c.settings_count = 2, c.create = make;
  }
  descriptor.name = NAME, descriptor.version = "1.0", descriptor.license = "MIT";
  descriptor.components = components, descriptor.components_count = 2;
  const PluginDescriptor* result = &descriptor;
  TWEAK;
  return result;
}
