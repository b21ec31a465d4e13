// FieldWriter that writes JSON, straight to the end of a string.
#pragma once

#include <cmath>
#include <string>

#include "../shared/field_trail.hpp"
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

class Writer final : public FieldWriter {
 public:
  explicit Writer(std::string& out) : sink_{out}, json_(sink_) {}

  void field(FieldName name) override {
    if (!trail_.ok()) return;
    trail_.field(name);
    if (!json_.Key(name.name.data(), length(name.name))) trail_.fail("the field's name is not valid UTF-8");
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
    if (next() && !json_.String(utf8.data(), length(utf8))) trail_.fail("the text is not valid UTF-8");
  }
  void bytes(std::string_view octets) override {
    if (!next()) return;
    std::string text = to_base64(octets);
    json_.String(text.data(), length(text));
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
  using Json = rapidjson::Writer<StringSink, rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::CrtAllocator,
                                 rapidjson::kWriteValidateEncodingFlag>;

  bool next() {
    if (trail_.in_list()) trail_.item();
    return trail_.ok();
  }
  rapidjson::SizeType length(std::string_view text) {
    if (text.size() <= UINT32_MAX) return static_cast<rapidjson::SizeType>(text.size());
    trail_.fail("the text is longer than 4 GiB");
    return 0;
  }

  StringSink sink_;
  Json json_;
  codec_support::FieldTrail trail_;
};

}  // namespace penstock::json
