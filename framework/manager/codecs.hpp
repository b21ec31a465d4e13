// The codecs of this process: its value codec, the chain of transforms for what it writes, and those that
// it has only to read what others wrote.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/codec.hpp>

namespace penstock::impl {

class CodecSet {
 public:
  // The next one of [codec] use. Errc::invalid for a transform that comes first, and for a value codec that
  // comes later.
  Result<void> add(const std::string& name, std::unique_ptr<Interface> codec);
  // One of [codec] also. One that is here already is dropped.
  void add_reader(const std::string& name, std::unique_ptr<Interface> codec);

  // By name; empty: the process's own. Null: not there.
  ValueCodec* value_codec(std::string_view name) const noexcept;
  // Applies every transform in order; `names` gets theirs.
  Result<std::string> apply(std::string bytes, std::vector<std::string_view>& names) const;
  // The first of those named that is not here; empty: all are.
  std::string_view missing(std::span<const std::string_view> names) const noexcept;
  // Undoes those named, the last first. Errc::unsupported: one of them is not here.
  Result<std::string> undo(std::string_view bytes, std::span<const std::string_view> names,
                           std::uint64_t at_most) const;
  bool transforms() const noexcept { return !chain_.empty(); }

 private:
  bool keep(const std::string& name, std::unique_ptr<Interface> codec);  // false: it is a transform

  std::vector<std::unique_ptr<Interface>> owned_;
  std::map<std::string, ValueCodec*, std::less<>> values_;
  std::map<std::string, Transform*, std::less<>> transforms_;
  ValueCodec* own_ = nullptr;
  std::vector<decltype(transforms_)::const_iterator> chain_;
};

}  // namespace penstock::impl
