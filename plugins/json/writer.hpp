// FieldWriter that writes JSON, straight to the end of a string.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "../shared/field_trail.hpp"
#include "../shared/utf8.hpp"
#include "base64.hpp"
#include "rapid.hpp"

namespace penstock::json {

// RapidJSON's output stream over a string.
struct StringSink {
  using Ch = char;
  std::string& out;
  void Put(char c) { out.push_back(c); }
  void Flush() {}
};

// RapidJSON puts a text octet by octet; one without a character to escape goes out as a whole here.
class Json : public rapidjson::Writer<StringSink, rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::CrtAllocator,
                                      rapidjson::kWriteValidateEncodingFlag> {
 public:
  using Writer::Writer;

  bool text(std::string_view utf8) {
    if (!plain(utf8)) return String(utf8.data(), static_cast<rapidjson::SizeType>(utf8.size()));
    Prefix(rapidjson::kStringType);
    std::string& out = os_->out;
    out.push_back('"');
    out.append(utf8);
    out.push_back('"');
    return EndValue(true);
  }

 private:
  static bool plain(std::string_view utf8) noexcept { return !escapes(utf8) && codec_support::valid_utf8(utf8); }

  static bool escapes(std::string_view text) noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101u, kHigh = 0x80 * kOnes;
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {  // an octet is below n when n taken away borrows from its top bit
      std::uint64_t eight;
      std::memcpy(&eight, text.data() + i, 8);
      const std::uint64_t quote = eight ^ ('"' * kOnes), backslash = eight ^ ('\\' * kOnes);
      const std::uint64_t found =
          ((eight - 0x20 * kOnes) & ~eight) | ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash);
      if (found & kHigh) return true;
    }
    return std::any_of(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; });
  }
};

class Writer final : public FieldWriter {
 public:
  explicit Writer(std::string& out) : sink_{out}, json_(sink_) {
    if (out.empty()) out.reserve(128);  // instead of growing there step by step
  }

  void field(FieldName name) override {
    if (!trail_.ok()) return;
    trail_.field(name);
    if (!json_.text(fitting(name.name))) trail_.fail("the field's name is not valid UTF-8");
  }
  void boolean(bool value) override {
    if (next()) json_.Bool(value);
  }
  void integer(std::int64_t value) override {
    if (next()) json_.Int64(value);
  }
  void natural(std::uint64_t value) override {
    if (next()) json_.Uint64(value);
  }
  void number(double value) override {
    if (!next()) return;
    if (!std::isfinite(value)) return trail_.fail("JSON has no NaN and no infinity");
    json_.Double(value);
  }
  void text(std::string_view utf8) override {
    if (next() && !json_.text(fitting(utf8))) trail_.fail("the text is not valid UTF-8");
  }
  void bytes(std::string_view octets) override {
    if (!next()) return;
    json_.text(fitting(to_base64(octets)));
  }
  void begin_object() override {
    if (next() && trail_.enter(false)) json_.StartObject();
  }
  void begin_list() override {
    if (next() && trail_.enter(true)) json_.StartArray();
  }
  void end() override {
    if (!trail_.ok()) return;
    if (trail_.depth() == 0) return trail_.fail("an end without a beginning");
    bool list = trail_.in_list();
    trail_.leave();
    list ? json_.EndArray() : json_.EndObject();
  }

  Result<void> finish() {
    if (trail_.ok() && !json_.IsComplete()) trail_.fail("the value is not complete");
    return trail_.result();
  }

 private:
  bool next() {
    if (trail_.in_list()) trail_.item();
    return trail_.ok();
  }
  std::string_view fitting(std::string_view text) {
    if (text.size() <= UINT32_MAX) return text;
    trail_.fail("the text is longer than 4 GiB");
    return {};
  }

  StringSink sink_;
  Json json_;
  codec_support::FieldTrail trail_;
};

}  // namespace penstock::json
