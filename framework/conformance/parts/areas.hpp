// The promises of each kind, one source file each, and what their checks share.
#pragma once

#include <memory>
#include <span>
#include <string>

#include <penstock/conformance/parts.hpp>

#include "conformance/expect.hpp"

namespace penstock::conformance::areas {

std::span<const Part> value_codecs();
std::span<const Part> transforms();
std::span<const Part> limiters();
std::span<const Part> tracers();
std::span<const Part> handlers();

template <class Iface>
std::unique_ptr<Iface> opened(const Opener& open) {
  std::unique_ptr<Interface> made = open();
  if (!made) throw Broken{"no object was made"};
  return std::unique_ptr<Iface>(static_cast<Iface*>(made.release()));
}

// Octets without a pattern.
inline std::string noise(Random& random, std::size_t size) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random.next());
  return out;
}

// Sound octets, hurt: cut, flipped, lengthened or replaced.
inline std::string hurt(Random& random, std::string bytes) {
  switch (random.below(4)) {
    case 0:
      bytes.resize(random.below(bytes.size() + 1));
      break;
    case 1:
      for (std::uint64_t i = random.below(8); !bytes.empty() && i < 8; ++i) {
        bytes[random.below(bytes.size())] ^= static_cast<char>(1u << random.below(8));
      }
      break;
    case 2:
      bytes += noise(random, random.below(40));
      break;
    default:
      bytes = noise(random, random.below(200));
  }
  return bytes;
}

}  // namespace penstock::conformance::areas
