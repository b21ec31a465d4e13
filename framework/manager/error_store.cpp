#include "manager/error_store.hpp"

#include <algorithm>
#include <string>

namespace penstock::impl {
namespace {

constexpr std::string_view kErrorDocuments = "penstock.errors/";
constexpr int kErrorTries = 16;

}  // namespace

Result<durable::ErrorGroups> ErrorStore::decode(const Document& document) {
  auto groups = durable::decode_errors(document.value);
  if (!groups) host_.log(Level::warn, "document " + document.name + " " + groups.error().message);
  return groups;
}

Result<void> ErrorStore::add(std::string_view queue, const durable::ErrorGroups& groups) {
  const std::string name = std::string(kErrorDocuments) + std::string(queue);
  std::string sent;
  bool unsure = false;  // whether the write before was taken
  for (int n = 0; n < kErrorTries; ++n) {
    const auto there = registry_.list(name);
    if (!there) return there.error();
    Document document{name, {}, 0};
    durable::ErrorGroups all;
    if (const auto at = std::ranges::find(*there, name, &Document::name); at != there->end()) {
      if (unsure && at->value == sent) return {};
      document.revision = at->revision;
      auto old = decode(*at);
      if (!old && old.error().code == Errc::unsupported) return {};
      if (old) all = std::move(*old);
    }
    all.merge(groups);
    document.value = sent = durable::encode(all, max_body_);
    const auto put = registry_.put(document);
    if (put) return {};
    unsure = put.error().code == Errc::unknown_outcome;
    if (!unsure && put.error().code != Errc::conflict) return put.error();
  }
  return Error{Errc::conflict, "document " + name + " is written by others all the time", true};
}

Result<std::vector<ErrorGroup>> ErrorStore::read(std::string_view queue) {
  const std::string prefix = std::string(kErrorDocuments) + std::string(queue);
  const auto there = registry_.list(prefix);
  if (!there) return there.error();
  std::vector<ErrorGroup> out;
  for (const Document& document : *there) {
    if (!queue.empty() && document.name != prefix) continue;
    const auto groups = decode(document);
    if (!groups) continue;
    for (ErrorGroup& group : groups->last_first()) {
      group.queue = document.name.substr(kErrorDocuments.size());
      out.push_back(std::move(group));
    }
  }
  return out;
}

}  // namespace penstock::impl
