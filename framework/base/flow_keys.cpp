#include <penstock/flow.hpp>

#include "base/fingerprint.hpp"

namespace penstock::impl {

std::string shortened_key(std::string key) {
  if (key.size() <= kMaxKey) return key;
  constexpr std::size_t kHash = 16;  // hex digits
  static constexpr char kDigits[] = "0123456789abcdef";
  std::uint64_t hash = base::hash(key);
  key.resize(kMaxKey - kHash);
  for (std::size_t i = 0; i < kHash; ++i, hash >>= 4) key += kDigits[hash & 0xf];
  return key;
}

}  // namespace penstock::impl
