// The codec `json`.
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include <penstock/plugin/plugin.hpp>

#include "reader.hpp"
#include "writer.hpp"

namespace penstock::json {
namespace {

// Builds a document. Refuses depth before it takes memory, since the parser itself has no limit, and
// converts numbers itself: the parser's own full precision reads out of bounds for the tiniest ones.
struct Builder {
  rapidjson::Document& to;
  std::size_t depth = 0;
  const char* refused = nullptr;

  bool deeper() { return ++depth <= codec_support::kMaxDepth || refuse("objects and lists are nested deeper than 64"); }
  bool refuse(const char* why) { return refused = why, false; }

  bool StartObject() { return deeper() && to.StartObject(); }
  bool EndObject(rapidjson::SizeType n) { return --depth, to.EndObject(n); }
  bool StartArray() { return deeper() && to.StartArray(); }
  bool EndArray(rapidjson::SizeType n) { return --depth, to.EndArray(n); }
  bool Null() { return to.Null(); }
  bool Bool(bool v) { return to.Bool(v); }
  bool String(const char* s, rapidjson::SizeType n, bool copy) { return to.String(s, n, copy); }
  bool Key(const char* s, rapidjson::SizeType n, bool copy) { return to.Key(s, n, copy); }

  bool RawNumber(const char* s, rapidjson::SizeType n, bool) {
    if (std::optional<std::int64_t> v = exactly<std::int64_t>(s, s + n)) return to.Int64(*v);
    if (std::optional<std::uint64_t> v = exactly<std::uint64_t>(s, s + n)) return to.Uint64(*v);
    if (std::optional<double> v = exactly<double>(s, s + n)) return to.Double(*v);
    return refuse("a number is out of the range of a double");
  }

  // The parser is told to hand out numbers as text only.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

 private:
  template <class T>
  static std::optional<T> exactly(const char* first, const char* last) {
    T value{};
    auto [end, error] = std::from_chars(first, last, value);
    return error == std::errc{} && end == last ? std::optional<T>(value) : std::nullopt;
  }
};

// A copy of a payload for the parser to work in: it takes texts where they stand, and looks at up to 15
// octets past the end.
class Copy {
 public:
  explicit Copy(std::string_view text) {
    if (text.size() + kPast > sizeof small_) large_.resize(text.size() + kPast);
    text.copy(data(), text.size());
    std::memset(data() + text.size(), 0, kPast);
  }
  char* data() noexcept { return large_.empty() ? small_ : large_.data(); }

 private:
  static constexpr std::size_t kPast = 16;
  char small_[1024];
  std::string large_;
};

Result<void> parse(std::string_view text, Copy& copy, rapidjson::Document& document) {
  constexpr unsigned kFlags =
      rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::InsituStringStream stream(copy.data());
  rapidjson::ParseResult parsed;
  const char* why = nullptr;
  auto generate = [&](rapidjson::Document& to) {
    rapidjson::Reader parser;
    Builder builder{to};
    parsed = codec_support::valid_utf8(text)
                 ? parser.Parse<kFlags>(stream, builder)
                 : parser.Parse<kFlags | rapidjson::kParseValidateEncodingFlag>(stream, builder);  // to say where
    why = builder.refused;
    return !parsed.IsError();
  };
  document.Populate(generate);
  std::size_t offset = parsed.IsError() ? parsed.Offset() : stream.Tell();
  if (!why && parsed.IsError()) why = rapidjson::GetParseError_En(parsed.Code());
  if (!why && offset != text.size()) why = "there is more after the value";  // the parser takes a NUL for the end
  if (!why) return {};
  return Error{Errc::invalid, "payload: not JSON at offset " + std::to_string(offset) + ": " + why};
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
      Copy copy(bytes);
      if (Result<void> parsed = parse(bytes, copy, document); !parsed) return parsed;
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
