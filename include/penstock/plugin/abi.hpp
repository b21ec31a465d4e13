// The plugin ABI number and stamp: what must agree before a C++ object may cross into a module.
//
// Everything under include/penstock/plugin/ is header-only and covered by this number: a module
// links nothing of ours, so the host may be a static build, a shared build or a Meson subproject.
// Released interface classes never gain, lose or reorder virtuals; growth is a new capability
// interface with an id of its own. No header in this folder has an `#if` on a build option.
//
// Log of the number:
//   0  unstable: rebuild every plugin with the host, until two plugins outside this tree exist
#pragma once

#include <cstddef>  // defines the standard library's own macros

#define PENSTOCK_PLUGIN_ABI 0

#define PENSTOCK_CAT_(a, b) a##b
#define PENSTOCK_CAT(a, b) PENSTOCK_CAT_(a, b)
#define PENSTOCK_STR_(x) #x
#define PENSTOCK_STR(x) PENSTOCK_STR_(x)
#define PENSTOCK_ABI_NAMESPACE PENSTOCK_CAT(abi, PENSTOCK_PLUGIN_ABI)
#define PENSTOCK_API __attribute__((visibility("default")))

// The compiler's part of the stamp, compared as text so that a refusal can print both sides.
#ifdef _GLIBCXX_DEBUG
#define PENSTOCK_STAMP_DEBUG "1"
#else
#define PENSTOCK_STAMP_DEBUG "0"
#endif
#ifdef __GXX_RTTI
#define PENSTOCK_STAMP_RTTI "1"
#else
#define PENSTOCK_STAMP_RTTI "0"
#endif
#ifdef _LIBCPP_VERSION
#define PENSTOCK_STAMP_STL "libc++" PENSTOCK_STR(_LIBCPP_ABI_VERSION)
#else
#define PENSTOCK_STAMP_STL "libstdc++/cxx11=" PENSTOCK_STR(_GLIBCXX_USE_CXX11_ABI)
#endif
// clang and gcc build the same Itanium ABI against the same libstdc++, but report different
// __GXX_ABI_VERSION values; the stamp is strict on purpose: loosening it later is compatible.
#define PENSTOCK_ABI_STAMP                                                                                      \
  "penstock=" PENSTOCK_STR(PENSTOCK_PLUGIN_ABI) " gxx=" PENSTOCK_STR(                                           \
      __GXX_ABI_VERSION) " stl=" PENSTOCK_STAMP_STL " debug=" PENSTOCK_STAMP_DEBUG " rtti=" PENSTOCK_STAMP_RTTI \
                         " ptr=" PENSTOCK_STR(__SIZEOF_POINTER__)
