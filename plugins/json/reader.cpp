#include "reader.hpp"

#include <algorithm>
#include <charconv>

#include "base64.hpp"

namespace penstock::json {
namespace {

using Value = rapidjson::Value;

std::string_view view(const Value& text) { return {text.GetString(), text.GetStringLength()}; }

// A text for an error message: short, whole characters, nothing that moves a terminal.
std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::size_t size = std::min(text.size(), kMost);
  while (size < text.size() && size > 0 && (text[size] & 0xC0) == 0x80) --size;
  std::string out = "\"";
  for (char c : text.substr(0, size)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return out + (size < text.size() ? "...\"" : "\"");
}

std::string shown(const Value& v) {
  if (v.IsNull()) return "null";
  if (v.IsBool()) return v.GetBool() ? "true" : "false";
  if (v.IsString()) return quoted(view(v));
  if (v.IsObject()) return "an object";
  if (v.IsArray()) return "a list";
  if (v.IsUint64()) return std::to_string(v.GetUint64());
  if (v.IsInt64()) return std::to_string(v.GetInt64());
  char digits[32];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, v.GetDouble());
  return std::string(digits, end);
}

// Two equal keys, or none. Two readers of one text must not see two different values.
const Value* repeated_key(const Value& object) {
  if (object.MemberCount() <= 8) {
    for (auto m = object.MemberBegin(); m != object.MemberEnd(); ++m) {
      for (auto before = object.MemberBegin(); before != m; ++before) {
        if (view(before->name) == view(m->name)) return &m->name;
      }
    }
    return nullptr;
  }
  std::vector<const Value*> keys;
  keys.reserve(object.MemberCount());
  for (auto m = object.MemberBegin(); m != object.MemberEnd(); ++m) keys.push_back(&m->name);
  std::sort(keys.begin(), keys.end(), [](const Value* a, const Value* b) { return view(*a) < view(*b); });
  auto twin =
      std::adjacent_find(keys.begin(), keys.end(), [](const Value* a, const Value* b) { return view(*a) == view(*b); });
  return twin == keys.end() ? nullptr : *twin;
}

}  // namespace

bool Reader::expect(bool met, std::string_view what) {
  if (!trail_.ok()) return false;
  if (!met) trail_.fail("expected " + std::string(what) + ", got " + shown(*at_));
  return met;
}

void Reader::enter(bool list) {
  if (trail_.enter(list)) levels_.push_back({at_});
}

void Reader::leave() {
  levels_.pop_back();
  trail_.leave();
}

void Reader::enter_object() {
  if (!expect(at_->IsObject(), "an object")) return;
  if (const Value* key = repeated_key(*at_)) return trail_.fail("the key " + quoted(view(*key)) + " stands twice");
  enter(false);
}

std::optional<FieldName> Reader::next_field() {
  if (!trail_.ok() || !trail_.in_object()) return std::nullopt;
  Level& level = levels_.back();
  if (level.next == level.whole->MemberCount()) return leave(), std::nullopt;
  auto member = level.whole->MemberBegin() + level.next++;
  at_ = &member->value;
  FieldName name{0, view(member->name)};
  trail_.field(name);
  return name;
}

void Reader::enter_list() {
  if (expect(at_->IsArray(), "a list")) enter(true);
}

bool Reader::next_item() {
  if (!trail_.ok() || !trail_.in_list()) return false;
  Level& level = levels_.back();
  if (level.next == level.whole->Size()) return leave(), false;
  at_ = &(*level.whole)[level.next++];
  trail_.item();
  return true;
}

bool Reader::boolean() { return expect(at_->IsBool(), "true or false") && at_->GetBool(); }

std::int64_t Reader::integer() { return expect(at_->IsInt64(), "an integer") ? at_->GetInt64() : 0; }

std::uint64_t Reader::natural() { return expect(at_->IsUint64(), "an integer from 0 on") ? at_->GetUint64() : 0; }

double Reader::number() { return expect(at_->IsNumber(), "a number") ? at_->GetDouble() : 0; }

std::string Reader::text() { return expect(at_->IsString(), "a text") ? std::string(view(*at_)) : std::string(); }

std::string Reader::bytes() {
  if (!expect(at_->IsString(), "bytes in base64")) return {};
  std::optional<std::string> octets = from_base64(view(*at_));
  expect(octets.has_value(), "bytes in base64");
  return octets.value_or(std::string());
}

}  // namespace penstock::json
