// The codec `protobuf`.
#include <memory>

#include <penstock/plugin/plugin.hpp>

#include "reader.hpp"
#include "writer.hpp"

namespace penstock::protobuf {
namespace {

class Codec final : public ValueCodec {
 public:
  static Result<std::unique_ptr<ValueCodec>> open(Host&, const Settings&) { return std::make_unique<Codec>(); }

  std::string_view name() const noexcept override { return "protobuf"; }

  Result<void> encode(const Encodable& value, std::string& out) noexcept override {
    std::size_t before = out.size();
    Result<void> done = guard([&] {
      Writer writer(out);
      value.write(writer);
      return writer.finish();
    });
    if (!done) out.resize(before);
    return done;
  }

  Result<void> decode(std::string_view bytes, Decodable& value) noexcept override {
    return guard([&] {
      Reader reader(bytes);
      value.read(reader);
      return reader.finish();
    });
  }
};

}  // namespace
}  // namespace penstock::protobuf

PENSTOCK_PLUGIN(protobuf, "0.1.0", "MIT",
                penstock::component<penstock::ValueCodec, penstock::protobuf::Codec>(
                    "protobuf", "Fields in the protobuf wire format; small and quick, no generated code."));
