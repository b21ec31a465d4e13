// All that a host and a plugin module share about each other: the descriptor and how it is found.
//
// A plugin is a set of components (backends, codecs, tracers, limiters, handlers), described by one
// constant table and reached through one C symbol. The same sources serve as a module, loaded by
// name from the config, and as an archive, linked in and listed in a generated table.
//
//   constexpr penstock::Setting kSettings[] = {
//       {.key = "url", .kind = penstock::Kind::string, .fallback = nullptr, .doc = "Server."},
//   };
//   class Acme final : public penstock::DurableBackend, public penstock::Waiter {
//    public:
//     static penstock::Result<std::unique_ptr<penstock::DurableBackend>> open(
//         penstock::Host&, const penstock::Settings&);   // may throw: the error is turned into a value
//     ...
//   };
//   PENSTOCK_PLUGIN(acme, "0.1.0", "MIT",
//       penstock::component<penstock::DurableBackend, Acme, penstock::Waiter>("acme", "Tasks in Acme.", kSettings));
//
// A component is opened by itself, or it is a *wrapper*: it goes around an object of its own kind that is
// there already, and is itself one: `[backend] use = "sqlite"` and `wrap = ["metrics", "fault"]` make
// metrics(fault(sqlite)). The host creates the innermost first, and gives each to the next.
//
//   class Counted final : public penstock::BackendWrapper<Counted> {    // penstock/plugin/wrapper.hpp
//    public:
//     static penstock::Result<std::unique_ptr<penstock::DurableBackend>> wrap(
//         penstock::Host&, const penstock::Settings&, std::unique_ptr<penstock::DurableBackend> inner);
//     ...
//   };
//   PENSTOCK_PLUGIN(counted, "0.1.0", "MIT", penstock::wrapper<penstock::DurableBackend, Counted>("counted",
//   "Counts."));
//
// A wrapper keeps every promise that the object inside keeps. It hands on each call and each capability
// that it is not about, also those that it does not know, and claims none that the object inside has not:
// what properties() and query() of the inner object say holds, unless the wrapper itself makes it otherwise.
// It owns the inner object from the call of `wrap` on, also when that fails, and destroys it last.
//
// Rules. No exception crosses: `open` and `wrap` are guarded, every other virtual is noexcept. No RTTI crosses:
// optional features go through `query`. A module is opened RTLD_NOW|RTLD_LOCAL and never closed.
// Opening it runs none of its code; keep static initialisers out of plugins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <penstock/plugin/abi.hpp>
#include <penstock/plugin/interface.hpp>
#include <penstock/plugin/result.hpp>
#include <penstock/plugin/settings.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

enum class Level : std::int32_t { debug = 0, info = 1, warn = 2, error = 3 };

// What the host lends to a component. It outlives every object the component creates.
// Thread: any.
class PENSTOCK_API Host {
 public:
  virtual void log(Level level, std::string_view message) noexcept = 0;
  // Optional services of the host, such as TimeSource; null when it is not offered.
  virtual void* query(std::string_view id) noexcept = 0;

 protected:
  ~Host() = default;
};

// One thing a plugin offers under [kind] use = "name". Constant data; fields are only ever appended,
// and a field is read only if it lies inside `size`.
struct Component {
  std::uint32_t size = sizeof(Component);
  const char* kind = nullptr;  // "backend", "codec", "tracer", "limiter", "handlers"
  const char* name = nullptr;  // [a-z][a-z0-9_]*: the word used in the config file
  const char* doc = nullptr;   // one sentence, Markdown
  const Setting* settings = nullptr;
  std::size_t settings_count = 0;
  // What query() answers; the conformance kit checks. Of a wrapper: what it answers beside what the inner
  // object does.
  const std::string_view* capabilities = nullptr;
  std::size_t capabilities_count = 0;
  // A component has one of these two. They return null when they fail: see the Error.
  Interface* (*create)(Host&, const Settings&, Error&) noexcept = nullptr;
  Interface* (*wrap)(Host&, const Settings&, Interface* inner, Error&) noexcept = nullptr;  // takes `inner`
};

struct PluginDescriptor {
  std::uint32_t abi = PENSTOCK_PLUGIN_ABI;
  std::uint32_t size = sizeof(PluginDescriptor);
  const char* stamp = PENSTOCK_ABI_STAMP;
  const char* name = nullptr;     // [a-z][a-z0-9_]*: part of the entry symbol and of the file name
  const char* version = nullptr;  // of the plugin
  const char* license = nullptr;  // SPDX expression
  const Component* components = nullptr;
  std::size_t components_count = 0;
};

using PluginEntry = const PluginDescriptor* (*)() noexcept;

template <class... Caps>
inline constexpr std::string_view kCapabilityIds[sizeof...(Caps) + 1] = {Caps::kId...};

namespace detail {
template <class Iface, class Impl>
Interface* create(Host& host, const Settings& settings, Error& error) noexcept {
  Result<std::unique_ptr<Iface>> made =
      guard([&]() -> Result<std::unique_ptr<Iface>> { return Impl::open(host, settings); });
  if (made) return made.value().release();
  error = made.error();
  return nullptr;
}
template <class Iface, class Impl>
Interface* wrap(Host& host, const Settings& settings, Interface* inner, Error& error) noexcept {
  std::unique_ptr<Iface> owned(static_cast<Iface*>(inner));
  Result<std::unique_ptr<Iface>> made =
      guard([&]() -> Result<std::unique_ptr<Iface>> { return Impl::wrap(host, settings, std::move(owned)); });
  if (made) return made.value().release();
  error = made.error();
  return nullptr;
}
}  // namespace detail

// Describes one component. `Impl` provides `static Result<std::unique_ptr<Iface>> open(Host&, const
// Settings&)`; `Caps` are the capability interfaces that its query() answers.
template <class Iface, class Impl, class... Caps, std::size_t N>
constexpr Component component(const char* name, const char* doc, const Setting (&settings)[N]) {
  return {.kind = Iface::kKind,
          .name = name,
          .doc = doc,
          .settings = settings,
          .settings_count = N,
          .capabilities = kCapabilityIds<Caps...>,
          .capabilities_count = sizeof...(Caps),
          .create = &detail::create<Iface, Impl>};
}

// The same for a component that has no settings.
template <class Iface, class Impl, class... Caps>
constexpr Component component(const char* name, const char* doc) {
  return {.kind = Iface::kKind,
          .name = name,
          .doc = doc,
          .capabilities = kCapabilityIds<Caps...>,
          .capabilities_count = sizeof...(Caps),
          .create = &detail::create<Iface, Impl>};
}

// Describes a wrapper. `Impl` provides `static Result<std::unique_ptr<Iface>> wrap(Host&, const Settings&,
// std::unique_ptr<Iface> inner)`; `Caps` are the capabilities that it adds to those of the inner object.
template <class Iface, class Impl, class... Caps>
constexpr Component wrapper(const char* name, const char* doc) {
  return {.kind = Iface::kKind,
          .name = name,
          .doc = doc,
          .capabilities = kCapabilityIds<Caps...>,
          .capabilities_count = sizeof...(Caps),
          .wrap = &detail::wrap<Iface, Impl>};
}

// The same for one that has settings.
template <class Iface, class Impl, class... Caps, std::size_t N>
constexpr Component wrapper(const char* name, const char* doc, const Setting (&settings)[N]) {
  Component out = wrapper<Iface, Impl, Caps...>(name, doc);
  out.settings = settings;
  out.settings_count = N;
  return out;
}

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock

// One symbol per plugin and ABI number, the same in a module and in an archive, for instance
// penstock_plugin_0_redis: an archive built for another ABI number fails at link time.
#define PENSTOCK_PLUGIN_SYMBOL(id) \
  PENSTOCK_CAT(PENSTOCK_CAT(PENSTOCK_CAT(penstock_plugin_, PENSTOCK_PLUGIN_ABI), _), id)

#define PENSTOCK_PLUGIN(id, version_, license_, ...)                                                  \
  static constexpr ::penstock::Component penstock_components_[] = {__VA_ARGS__};                      \
  static constexpr ::penstock::PluginDescriptor penstock_descriptor_{                                 \
      .name = #id,                                                                                    \
      .version = version_,                                                                            \
      .license = license_,                                                                            \
      .components = penstock_components_,                                                             \
      .components_count = sizeof penstock_components_ / sizeof *penstock_components_};                \
  extern "C" PENSTOCK_API const ::penstock::PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(id)() noexcept;  \
  extern "C" PENSTOCK_API const ::penstock::PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(id)() noexcept { \
    return &penstock_descriptor_;                                                                     \
  }                                                                                                   \
  static_assert(true)
