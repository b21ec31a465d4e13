#include "manager/codecs.hpp"

#include <algorithm>

namespace penstock::impl {

void CodecSet::add(std::string name, std::unique_ptr<Interface> codec) {
  if (auto* transform = query<Transform>(*codec)) {
    transforms_.emplace_back(std::move(name), transform);
  } else {
    auto* value = static_cast<ValueCodec*>(codec.get());
    if (!own_) own_ = value;
    values_.emplace(std::move(name), value);
  }
  owned_.push_back(std::move(codec));
}

ValueCodec* CodecSet::value_codec(std::string_view name) const noexcept {
  if (name.empty()) return own_;
  auto at = values_.find(name);
  return at == values_.end() ? nullptr : at->second;
}

Result<std::string> CodecSet::apply(std::string bytes, std::vector<std::string_view>& names) const {
  for (const auto& [name, transform] : transforms_) {
    Result<std::string> next = transform->apply(bytes);
    if (!next) return next.error();
    bytes = std::move(*next);
    names.push_back(name);
  }
  return bytes;
}

Result<std::string> CodecSet::undo(std::string_view bytes, std::span<const std::string_view> names,
                                   std::uint64_t at_most) const {
  std::string out(bytes);
  for (std::size_t i = names.size(); i-- > 0;) {
    auto at = std::ranges::find(transforms_, names[i], &std::pair<std::string, Transform*>::first);
    if (at == transforms_.end()) {
      return Error{Errc::unsupported,
                   "the transform \"" + std::string(names[i]) + "\" is not in this program's [codec] use"};
    }
    Result<std::string> next = at->second->undo(out, at_most);
    if (!next) return next.error();
    out = std::move(*next);
  }
  return out;
}

}  // namespace penstock::impl
