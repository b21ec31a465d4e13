// A Lua script that the server keeps under the hash of its text.
#pragma once

#include <string>
#include <string_view>

namespace penstock::redis {

// Immutable; lives at least as long as the calls that name it. Thread: any.
class Script {
 public:
  explicit Script(std::string source);

  const std::string& source() const noexcept { return source_; }
  std::string_view sha() const noexcept { return sha_; }  // 40 hexadecimal digits

 private:
  std::string source_, sha_;
};

}  // namespace penstock::redis
