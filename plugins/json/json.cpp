// The codec `json`.
#include <memory>

#include <penstock/plugin/plugin.hpp>

#include "reader.hpp"
#include "writer.hpp"

namespace penstock::json {
namespace {

// Builds a document, and refuses depth before it takes memory: the parser itself has no limit.
struct LimitedBuilder {
  rapidjson::Document& to;
  std::size_t depth = 0;

  bool StartObject() { return ++depth <= codec_support::kMaxDepth && to.StartObject(); }
  bool EndObject(rapidjson::SizeType n) { return --depth, to.EndObject(n); }
  bool StartArray() { return ++depth <= codec_support::kMaxDepth && to.StartArray(); }
  bool EndArray(rapidjson::SizeType n) { return --depth, to.EndArray(n); }
  bool Null() { return to.Null(); }
  bool Bool(bool v) { return to.Bool(v); }
  bool Int(int v) { return to.Int(v); }
  bool Uint(unsigned v) { return to.Uint(v); }
  bool Int64(std::int64_t v) { return to.Int64(v); }
  bool Uint64(std::uint64_t v) { return to.Uint64(v); }
  bool Double(double v) { return to.Double(v); }
  bool RawNumber(const char* s, rapidjson::SizeType n, bool copy) { return to.RawNumber(s, n, copy); }
  bool String(const char* s, rapidjson::SizeType n, bool copy) { return to.String(s, n, copy); }
  bool Key(const char* s, rapidjson::SizeType n, bool copy) { return to.Key(s, n, copy); }
};

Result<void> parse(std::string_view text, rapidjson::Document& document) {
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseFullPrecisionFlag;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::ParseResult parsed;
  auto generate = [&](rapidjson::Document& to) {
    rapidjson::Reader parser;
    LimitedBuilder builder{to};
    parsed = parser.Parse<kFlags>(stream, builder);
    return !parsed.IsError();
  };
  document.Populate(generate);
  const char* why = nullptr;
  if (parsed.Code() == rapidjson::kParseErrorTermination) {
    why = "objects and lists are nested deeper than 64";
  } else if (parsed.IsError()) {
    why = rapidjson::GetParseError_En(parsed.Code());
  } else if (stream.Tell() != text.size()) {  // the parser takes a NUL for the end
    why = "there is more after the value";
  }
  if (!why) return {};
  return Error{Errc::invalid, "payload: not JSON at offset " + std::to_string(parsed.Offset()) + ": " + why};
}

class Codec final : public ValueCodec {
 public:
  static Result<std::unique_ptr<ValueCodec>> open(Host&, const Settings&) { return std::make_unique<Codec>(); }

  std::string_view name() const noexcept override { return "json"; }

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
    return guard([&]() -> Result<void> {
      char space[4096];  // spares small payloads an allocation
      rapidjson::MemoryPoolAllocator<> pool(space, sizeof space);
      rapidjson::Document document(&pool);
      if (Result<void> parsed = parse(bytes, document); !parsed) return parsed;
      Reader reader(document);
      value.read(reader);
      return reader.finish();
    });
  }
};

}  // namespace
}  // namespace penstock::json

PENSTOCK_PLUGIN(json, "0.1.0", "MIT",
                penstock::component<penstock::ValueCodec, penstock::json::Codec>(
                    "json", "Fields as a JSON object; readable everywhere."));
