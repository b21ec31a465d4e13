// What every object that comes out of a plugin has in common: it can be asked for optional features.
#pragma once

#include <string_view>

#include <penstock/plugin/abi.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

// Base of all plugin interfaces. The host owns the object and deletes it through this destructor,
// which runs the plugin's own deleting destructor. A plugin joins its threads there.
class PENSTOCK_API Interface {
 public:
  Interface() = default;
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;
  virtual ~Interface() = default;

  // The object's view of the capability called `id` ("penstock.backend.waiter/1"), or null. The
  // view lives as long as the object. A decorator forwards every id that it does not mean to hide.
  // Thread: any. No RTTI is involved, so this works across modules and compilers.
  virtual void* query(std::string_view id) noexcept {
    (void)id;
    return nullptr;
  }
};

// The capability `Cap` of `object`, or null when it is not offered.
template <class Cap>
Cap* query(Interface& object) noexcept {
  return static_cast<Cap*>(object.query(Cap::kId));
}

// Body of an override of Interface::query: `return penstock::offer<Waiter, Registry>(this, id);`
template <class... Caps, class Self>
void* offer(Self* self, std::string_view id) noexcept {
  void* out = nullptr;  // static_cast adjusts the pointer to each base in turn
  (void)((id == Caps::kId && (out = static_cast<Caps*>(self), true)) || ...);
  return out;
}

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
