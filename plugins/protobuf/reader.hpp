// FieldReader over the protobuf wire format. Copies nothing but what it hands out.
#pragma once

#include <string>
#include <vector>

#include "../shared/field_trail.hpp"
#include "wire.hpp"

namespace penstock::protobuf {

class Reader final : public FieldReader {
 public:
  explicit Reader(std::string_view bytes) : at_{Wire::delimited, 0, bytes} {}

  void enter_object() override;
  std::optional<FieldName> next_field() override;
  void enter_list() override;
  bool next_item() override;
  bool is_null() override { return false; }
  bool boolean() override { return scalar(Wire::varint, "true or false") != 0; }
  std::int64_t integer() override { return static_cast<std::int64_t>(scalar(Wire::varint, "an integer")); }
  std::uint64_t natural() override { return scalar(Wire::varint, "an integer"); }
  double number() override;
  std::string text() override;
  std::string bytes() override { return std::string(delimited("bytes")); }
  void skip() override {}
  void fail(std::string_view why) override { trail_.fail(why); }

  Result<void> finish() const { return trail_.result(); }

 private:
  // The value the reader stands on: found whole before it is offered, so passing it over is no work.
  struct Value {
    Wire wire;
    std::uint64_t scalar;
    std::string_view octets;
  };
  // An object: the rest of its fields. A list: one piece of it, which is a single item until an item
  // is read as a scalar from delimited bytes; then it is packed, and `rest` holds the items to come.
  struct Level {
    std::string_view rest;
    bool offered = false, packed = false;
  };

  std::optional<Value> take_value(std::uint64_t tag, std::string_view& in);
  std::uint64_t scalar(Wire wire, std::string_view what);
  std::string_view delimited(std::string_view what);
  void leave();

  Value at_;
  std::vector<Level> levels_;
  codec_support::FieldTrail trail_;
};

}  // namespace penstock::protobuf
