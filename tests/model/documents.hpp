// The capability Registry as the model has it: documents with revisions, counted from 1.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock::model {

class Documents {
 public:
  std::vector<Document> list() const {
    std::vector<Document> out;
    for (const auto& [name, document] : all_) out.push_back(document);
    return out;
  }
  std::uint64_t revision(const std::string& name) const {
    auto there = all_.find(name);
    return there == all_.end() ? 0 : there->second.revision;
  }
  Result<std::uint64_t> put(const Document& d) {
    if (d.revision != revision(d.name)) return Error{Errc::conflict, d.name};
    all_[d.name] = {d.name, d.value, d.revision + 1};
    return d.revision + 1;
  }

 private:
  std::map<std::string, Document> all_;
};

}  // namespace penstock::model
