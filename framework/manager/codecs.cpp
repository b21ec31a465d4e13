#include "manager/codecs.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "config/core.hpp"

namespace penstock::impl {
namespace {

// What one transform makes of `octets` may be longer than they are, for the next one to shorten. What is
// written within this bound can be read within it.
std::uint64_t room_between(std::uint64_t octets) {
  constexpr std::uint64_t kSpare = 64 << 10;
  return octets < std::numeric_limits<std::uint64_t>::max() / 4 ? 2 * octets + kSpare : octets;
}

Error of_transform(const std::string& name, const Error& error) {
  return {error.code, "codec \"" + name + "\": " + error.message, error.retryable};
}

}  // namespace

bool CodecSet::keep(const std::string& name, std::unique_ptr<Interface> codec) {
  auto* transform = query<Transform>(*codec);
  if (transform) {
    transforms_.emplace(name, transform);
  } else {
    values_.emplace(name, static_cast<ValueCodec*>(codec.get()));
  }
  owned_.push_back(std::move(codec));
  return !transform;
}

Result<void> CodecSet::add(const std::string& name, std::unique_ptr<Interface> codec) {
  const bool first = own_ == nullptr;
  const bool transform = !keep(name, std::move(codec));
  const std::string wrong = config::misplaced_codec(name, first, transform);
  if (!wrong.empty()) return Error{Errc::invalid, "codec.use: " + wrong};
  if (first) {
    own_ = values_.find(name)->second;
  } else {
    chain_.push_back(transforms_.find(name));
  }
  return {};
}

void CodecSet::add_reader(const std::string& name, std::unique_ptr<Interface> codec) {
  if (!values_.contains(name) && !transforms_.contains(name)) keep(name, std::move(codec));
}

ValueCodec* CodecSet::value_codec(std::string_view name) const noexcept {
  if (name.empty()) return own_;
  auto at = values_.find(name);
  return at == values_.end() ? nullptr : at->second;
}

Result<std::string> CodecSet::apply(std::string bytes, std::vector<std::string_view>& names) const {
  const std::uint64_t room = room_between(bytes.size());
  for (const auto& at : chain_) {
    const auto& [name, transform] = *at;
    Result<std::string> next = transform->apply(bytes);
    if (!next) return of_transform(name, next.error());
    if (next->size() > room) {
      return of_transform(name, {Errc::resource_exhausted,
                                 std::to_string(bytes.size()) + " octets became " + std::to_string(next->size())});
    }
    bytes = std::move(*next);
    names.push_back(name);
  }
  return bytes;
}

std::string_view CodecSet::missing(std::span<const std::string_view> names) const noexcept {
  const auto at = std::ranges::find_if(names, [&](std::string_view name) { return !transforms_.contains(name); });
  return at == names.end() ? std::string_view() : *at;
}

Result<std::string> CodecSet::undo(std::string_view bytes, std::span<const std::string_view> names,
                                   std::uint64_t at_most) const {
  if (names.empty()) return std::string(bytes);
  std::string out;
  for (std::size_t i = names.size(); i-- > 0;) {
    auto at = transforms_.find(names[i]);
    if (at == transforms_.end()) {
      return Error{Errc::unsupported,
                   "its codec \"" + std::string(names[i]) + "\" is not here: name it in [codec] use, or in also"};
    }
    Result<std::string> next = at->second->undo(bytes, i == 0 ? at_most : room_between(at_most));
    if (!next) return of_transform(at->first, next.error());
    bytes = out = std::move(*next);
  }
  return out;
}

}  // namespace penstock::impl
