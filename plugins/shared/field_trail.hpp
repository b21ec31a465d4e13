// Where a codec stands inside a value, and the first thing that went wrong there. The place is printed
// as `job.sizes[3]`; a field that is known by number only as `#7`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/codec.hpp>

namespace penstock::codec_support {

inline constexpr std::size_t kMaxDepth = 64;

class FieldTrail {
 public:
  // Steps into an object or a list; false, with an error, when that is too deep.
  bool enter(bool list) {
    if (steps_.size() == kMaxDepth) {
      fail("objects and lists are nested deeper than 64");
      return false;
    }
    steps_.push_back({list, {}, 0});
    return true;
  }
  void leave() { steps_.pop_back(); }
  void field(FieldName name) {
    if (!steps_.empty()) steps_.back().name = name;
  }
  void item() {
    if (!steps_.empty()) ++steps_.back().items;
  }

  std::size_t depth() const { return steps_.size(); }
  bool in_list() const { return !steps_.empty() && steps_.back().list; }
  bool in_object() const { return !steps_.empty() && !steps_.back().list; }

  // Keeps the first error only: what follows is its consequence.
  void fail(std::string_view why) {
    if (error_) return;
    error_ = Error{Errc::invalid, place() + ": "};
    error_->message += why;
  }
  bool ok() const { return !error_; }
  Result<void> result() const { return error_ ? Result<void>(*error_) : Result<void>(); }

 private:
  struct Step {
    bool list = false;
    FieldName name;
    std::size_t items = 0;
  };

  std::string place() const {
    std::string out;
    for (const Step& s : steps_) {
      if (s.list) {
        if (s.items) out += '[' + std::to_string(s.items - 1) + ']';
      } else if (!s.name.name.empty() || s.name.number) {
        if (!out.empty()) out += '.';
        out += s.name.name.empty() ? '#' + std::to_string(s.name.number) : std::string(s.name.name);
      }
    }
    return out.empty() ? "payload" : out;
  }

  std::vector<Step> steps_;
  std::optional<Error> error_;
};

}  // namespace penstock::codec_support
