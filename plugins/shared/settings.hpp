// Tables of settings that several components have a part of.
#pragma once

#include <cstddef>

#include <penstock/plugin/settings.hpp>

namespace penstock::shared {

template <std::size_t N>
struct SettingTable {
  Setting rows[N];
};

template <std::size_t A, std::size_t B>
constexpr SettingTable<A + B> joined(const Setting (&first)[A], const Setting (&then)[B]) {
  SettingTable<A + B> out{};
  for (std::size_t i = 0; i < A; ++i) out.rows[i] = first[i];
  for (std::size_t i = 0; i < B; ++i) out.rows[A + i] = then[i];
  return out;
}

}  // namespace penstock::shared
