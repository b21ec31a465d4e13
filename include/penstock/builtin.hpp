// The plugins that are linked into this program.
#pragma once

#include <span>

#include <penstock/plugin/plugin.hpp>

namespace penstock {

// The entries of the plugins named by -Dstatic_plugins when Penstock was built, by name. Link
// `penstock-builtin` to have it; a program that only loads modules does without. Nothing registers
// itself: hand the entries to the manager, or leave some out. Thread: any.
std::span<const PluginEntry> builtin_plugins() noexcept;

}  // namespace penstock
