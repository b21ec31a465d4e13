// Flow control beside a task type: which of its fields make it unique, share it out, or limit it.
//
//   struct SendInvoice { std::string tenant, number; };
//   template <>
//   inline constexpr auto penstock::flow<SendInvoice> = std::tuple{
//       penstock::unique_by{&SendInvoice::number},                          // one task a number, until it has ended
//       penstock::fair_by{&SendInvoice::tenant},                            // tenants take turns, one task each
//       penstock::gate_by{"tenant", &SendInvoice::tenant, {.running = 2}},  // and each has two running at most
//   };
//
// (Inside the braces names are looked up in penstock first: a type that shares a name with one of ours is
// written ::Name there.)
//
// Each of the three names a field, or any callable (const T&), that gives text, an integer or an enum.
// Keys hold within a queue, in all processes on the same store. An empty key is no key. More than 255
// octets of key are cut to 239 and a hash of the whole.
//
//  unique_by  what an enqueue does that finds its key taken says Policy::if_taken; how long a key is
//             taken say unique_while and unique_for.
//  fair_by    the key whose tasks take turns with those of other keys (plugin/backend.hpp).
//  gate_by    a gate "name:key". Its limit, and that of each key which has none of its own, is the
//             one given, unless the config or an operator says otherwise. Without one the gate is
//             there to be limited or paused later. At most 8 gates.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/handlers.hpp>

namespace penstock {

template <class Key>
struct unique_by {
  constexpr explicit unique_by(Key key_) : key(key_) {}
  Key key;
};
template <class Key>
struct fair_by {
  constexpr explicit fair_by(Key key_) : key(key_) {}
  Key key;
};
template <class Key>
struct gate_by {
  constexpr gate_by(std::string_view name_, Key key_) : name(name_), key(key_) {}
  constexpr gate_by(std::string_view name_, Key key_, Limit limit_) : name(name_), key(key_), limit(limit_) {}
  std::string_view name;
  Key key;
  std::optional<Limit> limit{};
};

// Specialised by users, as shown above.
template <class T>
inline constexpr auto flow = std::tuple{};

namespace impl {

PENSTOCK_API std::string shortened_key(std::string key);  // as said above

template <class Value>
std::string key_text(const Value& value) {
  if constexpr (std::is_enum_v<Value>) {
    return std::to_string(static_cast<std::underlying_type_t<Value>>(value));
  } else if constexpr (std::is_integral_v<Value>) {
    return std::to_string(value);
  } else {
    static_assert(std::is_convertible_v<const Value&, std::string_view>, "a key is text, an integer or an enum");
    return std::string(std::string_view(value));
  }
}

template <class T, class Key>
std::string key_of(const T& task, const Key& key) {
  return key_text(std::invoke(key, task));
}

template <class T, class Key>
void add_key(FlowKeys& out, const T& task, const unique_by<Key>& by) {
  out.unique = shortened_key(key_of(task, by.key));
}
template <class T, class Key>
void add_key(FlowKeys& out, const T& task, const fair_by<Key>& by) {
  out.fair = shortened_key(key_of(task, by.key));
}
template <class T, class Key>
void add_key(FlowKeys& out, const T& task, const gate_by<Key>& by) {
  std::string key = key_of(task, by.key);
  if (!key.empty()) out.gates.push_back(shortened_key(std::string(by.name) + ":" + key));
}

template <class Part>
void add_limit(std::vector<DeclaredLimit>&, const Part&) {}
template <class Key>
void add_limit(std::vector<DeclaredLimit>& out, const gate_by<Key>& by) {
  if (by.limit) out.push_back({std::string(by.name), *by.limit});
}

template <class T>
FlowKeys flow_keys(const T& task) {
  FlowKeys out;
  std::apply([&](const auto&... parts) { (add_key(out, task, parts), ...); }, flow<T>);
  return out;
}

template <class T>
std::vector<DeclaredLimit> declared_limits() {
  std::vector<DeclaredLimit> out;
  std::apply([&](const auto&... parts) { (add_limit(out, parts), ...); }, flow<T>);
  return out;
}

}  // namespace impl
}  // namespace penstock
