#include "manager/weight_store.hpp"

#include <algorithm>
#include <charconv>

namespace penstock::impl {
namespace {

constexpr std::string_view kWeightDocuments = "penstock.weights/";
constexpr int kWeightTries = 16;

}  // namespace

Result<Weights> read_weights(Registry& registry) {
  const auto there = registry.list(kWeightDocuments);
  if (!there) return there.error();
  Weights out;
  for (const Document& d : *there) {
    unsigned weight = 0;
    const char* const end = d.value.data() + d.value.size();
    if (std::from_chars(d.value.data(), end, weight).ptr != end || weight < 1 || weight > kMostWeight) continue;
    out.emplace(d.name.substr(kWeightDocuments.size()), weight);
  }
  return out;
}

Result<void> write_weight(Registry& registry, std::string_view queue, std::optional<unsigned> weight) {
  Document document{std::string(kWeightDocuments) + std::string(queue), weight ? std::to_string(*weight) : "", 0};
  for (int n = 0; n < kWeightTries; ++n) {
    const auto there = registry.list(document.name);
    if (!there) return there.error();
    const auto at = std::ranges::find(*there, document.name, &Document::name);
    document.revision = at == there->end() ? 0 : at->revision;
    if ((at == there->end() ? "" : at->value) == document.value) return {};
    const auto put = registry.put(document);
    if (put) return {};
    if (put.error().code != Errc::unknown_outcome && put.error().code != Errc::conflict) return put.error();
  }
  return Error{Errc::conflict, "document " + document.name + " is written by others all the time", true};
}

}  // namespace penstock::impl
