// Files as older versions of the schema left them. Who adds a version adds here how one of the version
// before comes about; the tests of migrations, their kills included, then run over it.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace penstock::torture {

struct Older {
  std::int64_t version;
  void (*make)(const std::string& path);
};
inline constexpr Older kOlder[] = {{0, [](const std::string& path) { std::ofstream(path, std::ios::app); }}};

}  // namespace penstock::torture
