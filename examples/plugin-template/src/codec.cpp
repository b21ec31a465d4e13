// A codec that turns bytes into bytes: a checksum behind them, so that damage is noticed before a payload is read.
// In the config it stands behind a value codec: `[codec] use = ["json", "acme"]`.
//
// The contract is in <penstock/plugin/codec.hpp>. A codec of the other sort, which turns the fields of a struct
// into bytes, implements penstock::ValueCodec instead.
#include <cstdint>
#include <string>

#include <penstock/plugin/codec.hpp>
#include <penstock/plugin/plugin.hpp>

namespace {

using namespace penstock;

constexpr std::size_t kSum = 8;  // octets

// FNV-1a: it finds accidents, not attacks.
std::uint64_t sum(std::string_view bytes) {
  std::uint64_t out = 0xcbf29ce484222325;
  for (char c : bytes) out = (out ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return out;
}

class Checksum final : public TransformCodec {
 public:
  static Result<std::unique_ptr<TransformCodec>> open(Host&, const Settings&) {
    return std::unique_ptr<TransformCodec>(std::make_unique<Checksum>());
  }

  Result<std::string> apply(std::string_view bytes) noexcept override {
    return guard([&]() -> Result<std::string> {
      std::string out(bytes);
      const std::uint64_t value = sum(bytes);
      for (std::size_t i = 0; i < kSum; ++i) out += static_cast<char>(value >> 8 * i);
      return out;
    });
  }

  Result<std::string> undo(std::string_view bytes, std::uint64_t at_most) noexcept override {
    return guard([&]() -> Result<std::string> {
      if (bytes.size() < kSum) return Error{Errc::invalid, "too short for a checksum"};
      const std::string_view content = bytes.substr(0, bytes.size() - kSum);
      if (content.size() > at_most) return Error{Errc::resource_exhausted, "larger than allowed"};
      std::uint64_t value = 0;
      for (std::size_t i = kSum; i > 0; --i) {
        value = value << 8 | static_cast<unsigned char>(bytes[content.size() + i - 1]);
      }
      if (value != sum(content)) return Error{Errc::invalid, "the checksum is wrong: the bytes were changed"};
      return std::string(content);
    });
  }
};

}  // namespace

PENSTOCK_PLUGIN(acme, "0.1.0", "MIT",
                component<TransformCodec, Checksum, Transform>("acme", "A checksum behind the bytes."));
