// FieldReader over a parsed JSON document.
#pragma once

#include <string>
#include <vector>

#include "../shared/field_trail.hpp"
#include "rapid.hpp"

namespace penstock::json {

class Reader final : public FieldReader {
 public:
  using Value = rapidjson::Value;
  explicit Reader(const Value& root) : at_(&root) {}

  void enter_object() override;
  std::optional<FieldName> next_field() override;
  void enter_list() override;
  bool next_item() override;
  bool is_null() override { return trail_.ok() && at_->IsNull(); }
  bool boolean() override;
  std::int64_t integer() override;
  std::uint64_t natural() override;
  double number() override;
  std::string text() override;
  std::string bytes() override;
  void skip() override {}
  void fail(std::string_view why) override { trail_.fail(why); }

  Result<void> finish() const { return trail_.result(); }

 private:
  // What is being walked: an object's members or a list's items.
  struct Level {
    const Value* whole;
    rapidjson::SizeType next = 0;
  };

  bool expect(bool met, std::string_view what);
  void enter(bool list);
  void leave();

  const Value* at_;  // the value the reader stands on
  std::vector<Level> levels_;
  codec_support::FieldTrail trail_;
};

}  // namespace penstock::json
