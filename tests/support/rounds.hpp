// How often a test that draws lots does it again.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PENSTOCK_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PENSTOCK_TEST_SANITIZED 1
#endif
#endif

#ifdef PENSTOCK_TEST_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// `n`, or a tenth of it under a sanitizer, where a round takes some ten times as long.
constexpr int rounds(int n) { return kSanitized ? (n + 9) / 10 : n; }
