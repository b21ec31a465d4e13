#include "writer.hpp"

#include <utility>

#include "../shared/utf8.hpp"

namespace penstock::protobuf {

void Writer::field(FieldName name) {
  if (!trail_.ok()) return;
  trail_.field(name);
  if (!trail_.in_object() || name.number == 0) return trail_.fail("a field needs an object around it and a number");
  levels_.back().number = name.number;
}

// Writes what stands before a value: its tag, or for the first item of a packed list the list's tag.
bool Writer::begin_value(Wire wire) {
  if (!trail_.ok()) return false;
  if (levels_.empty()) return trail_.fail("the outermost value must be an object"), false;
  Level& level = levels_.back();
  if (!level.list) {
    if (level.number == 0) return trail_.fail("a value needs a field"), false;
    append_tag(out_, level.number, wire);
    level.number = 0;
    return true;
  }
  trail_.item();
  bool first = !level.items;
  if (!first && *level.items != wire) return trail_.fail("the items of a list must be of one sort"), false;
  level.items = wire;
  if (level.packed() && !first) return true;
  append_tag(out_, level.number, level.packed() ? Wire::delimited : wire);
  level.start = out_.size();
  return true;
}

void Writer::boolean(bool value) { natural(value); }
void Writer::integer(std::int64_t value) { natural(static_cast<std::uint64_t>(value)); }

void Writer::natural(std::uint64_t value) {
  if (begin_value(Wire::varint)) append_varint(out_, value);
}

void Writer::number(double value) {
  if (begin_value(Wire::fixed64)) append_fixed64(out_, value);
}

void Writer::append_delimited(std::string_view octets) {
  append_varint(out_, octets.size());
  out_ += octets;
}

void Writer::text(std::string_view utf8) {
  if (!begin_value(Wire::delimited)) return;
  if (!codec_support::valid_utf8(utf8)) return trail_.fail("the text is not valid UTF-8");
  append_delimited(utf8);
}

void Writer::bytes(std::string_view octets) {
  if (begin_value(Wire::delimited)) append_delimited(octets);
}

void Writer::begin_object() {
  bool outermost = levels_.empty() && !complete_;
  if (!outermost && !begin_value(Wire::delimited)) return;
  if (trail_.enter(false)) levels_.push_back({.start = out_.size()});
}

void Writer::begin_list() {
  if (!trail_.ok()) return;
  if (!trail_.in_object()) return trail_.fail("a list must be the value of a field");
  std::uint32_t number = std::exchange(levels_.back().number, 0);
  if (number == 0) return trail_.fail("a value needs a field");
  if (trail_.enter(true)) levels_.push_back({.list = true, .number = number});
}

void Writer::end() {
  if (!trail_.ok()) return;
  if (levels_.empty()) return trail_.fail("an end without a beginning");
  Level done = levels_.back();
  levels_.pop_back();
  trail_.leave();
  complete_ = levels_.empty();
  if (!complete_ && (!done.list || done.packed())) prefix_length(done.start);
}

void Writer::prefix_length(std::size_t start) {
  char buffer[10];
  out_.insert(start, buffer, put_varint(buffer, out_.size() - start));
}

Result<void> Writer::finish() {
  if (!complete_) trail_.fail("the value is not complete");
  return trail_.result();
}

}  // namespace penstock::protobuf
