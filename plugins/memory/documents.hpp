// Small named documents with compare-and-set.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock::memory {

class Documents {
 public:
  // 0: there is none.
  std::uint64_t revision(std::string_view name) const {
    const auto at = documents_.find(name);
    return at == documents_.end() ? 0 : at->second.revision;
  }

  // Returns the new revision.
  std::uint64_t set(std::string_view name, std::string_view value) {
    auto at = documents_.find(name);
    if (at == documents_.end()) at = documents_.emplace(name, Content{}).first;
    at->second.value.assign(value);
    return ++at->second.revision;
  }

  std::vector<Document> list(std::string_view prefix) const {
    std::vector<Document> out;
    for (auto at = documents_.lower_bound(prefix); at != documents_.end() && at->first.starts_with(prefix); ++at) {
      out.push_back({at->first, at->second.value, at->second.revision});
    }
    return out;
  }

 private:
  struct Content {
    std::string value;
    std::uint64_t revision = 0;
  };
  std::map<std::string, Content, std::less<>> documents_;
};

}  // namespace penstock::memory
