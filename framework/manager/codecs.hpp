// The codecs of this process: value codecs by name, and the chain of transforms for what it writes.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/plugin/codec.hpp>

namespace penstock::impl {

class CodecSet {
 public:
  void add(std::string name, std::unique_ptr<Interface> codec);

  // By name; empty: the first value codec added, which is the process's own. Null: not there.
  ValueCodec* value_codec(std::string_view name) const noexcept;
  // Applies every transform in order; `names` gets theirs.
  Result<std::string> apply(std::string bytes, std::vector<std::string_view>& names) const;
  Result<std::string> undo(std::string_view bytes, std::span<const std::string_view> names,
                           std::uint64_t at_most) const;
  bool transforms() const noexcept { return !transforms_.empty(); }

 private:
  std::vector<std::unique_ptr<Interface>> owned_;
  std::map<std::string, ValueCodec*, std::less<>> values_;
  ValueCodec* own_ = nullptr;
  std::vector<std::pair<std::string, Transform*>> transforms_;
};

}  // namespace penstock::impl
