#include "reader.hpp"

#include <bit>
#include <utility>

#include "../shared/utf8.hpp"

namespace penstock::protobuf {
namespace {

const char* shown(Wire wire) {
  switch (wire) {
    case Wire::varint:
      return "a varint";
    case Wire::fixed64:
      return "a 64-bit number";
    case Wire::fixed32:
      return "a 32-bit number";
    case Wire::delimited:
      return "bytes";
  }
  return "something else";
}

}  // namespace

void Reader::leave() {
  levels_.pop_back();
  trail_.leave();
}

std::string_view Reader::delimited(std::string_view what) {
  if (!trail_.ok()) return {};
  if (at_.wire == Wire::delimited) return at_.octets;
  trail_.fail("expected " + std::string(what) + ", got " + shown(at_.wire));
  return {};
}

void Reader::enter_object() {
  std::string_view contents = delimited("an object");
  if (trail_.ok() && trail_.enter(false)) levels_.push_back({contents});
}

std::optional<Reader::Value> Reader::take_value(std::uint64_t tag, std::string_view& in) {
  std::optional<std::uint64_t> number;
  switch (tag & 7) {
    case 0:
      number = take_varint(in);
      if (number) return Value{Wire::varint, *number, {}};
      break;
    case 1:
      number = take_fixed64(in);
      if (number) return Value{Wire::fixed64, *number, {}};
      break;
    case 2:
      number = take_varint(in);
      if (std::optional<std::string_view> octets; number && (octets = take(in, *number))) {
        return Value{Wire::delimited, 0, *octets};
      }
      break;
    case 5:
      if (take(in, 4)) return Value{Wire::fixed32, 0, {}};
      break;
    default:
      trail_.fail("wire type " + std::to_string(tag & 7) + " is not supported (3 and 4 are the groups of proto2)");
  }
  trail_.fail("the value is cut off, or its varint is over 64 bits");
  return std::nullopt;
}

std::optional<FieldName> Reader::next_field() {
  if (!trail_.ok() || !trail_.in_object()) return std::nullopt;
  std::string_view& rest = levels_.back().rest;
  if (rest.empty()) return leave(), std::nullopt;
  std::optional<std::uint64_t> tag = take_varint(rest);
  if (!tag || *tag > UINT32_MAX || *tag >> 3 == 0) return trail_.fail("a field's tag is malformed"), std::nullopt;
  FieldName name{static_cast<std::uint32_t>(*tag >> 3), {}};
  trail_.field(name);
  std::optional<Value> value = take_value(*tag, rest);
  if (!value) return std::nullopt;
  at_ = *value;
  return name;
}

void Reader::enter_list() {
  if (trail_.ok() && trail_.enter(true)) levels_.push_back({});
}

bool Reader::next_item() {
  if (!trail_.ok() || !trail_.in_list()) return false;
  Level& level = levels_.back();
  if (std::exchange(level.offered, true) && level.rest.empty()) return leave(), false;
  trail_.item();
  return true;
}

// A scalar where one stands, or the next of a packed list.
std::uint64_t Reader::scalar(Wire wire, std::string_view what) {
  if (!trail_.ok()) return 0;
  if (at_.wire == wire) return at_.scalar;
  if (!trail_.in_list() || at_.wire != Wire::delimited) {
    trail_.fail("expected " + std::string(what) + ", got " + shown(at_.wire));
    return 0;
  }
  Level& level = levels_.back();
  if (!std::exchange(level.packed, true)) level.rest = at_.octets;
  std::optional<std::uint64_t> value = wire == Wire::varint ? take_varint(level.rest) : take_fixed64(level.rest);
  if (!value) trail_.fail("a packed list is empty, is cut off, or has a varint over 64 bits");
  return value.value_or(0);
}

double Reader::number() { return std::bit_cast<double>(scalar(Wire::fixed64, "a 64-bit number")); }

std::string Reader::text() {
  std::string_view octets = delimited("a text");
  if (!codec_support::valid_utf8(octets)) return trail_.fail("the text is not valid UTF-8"), std::string();
  return std::string(octets);
}

}  // namespace penstock::protobuf
