// Files of which a worker's next operations fail, as many as somebody else has said.
#pragma once

#include <atomic>
#include <cstdint>

#include "support/shim_vfs.hpp"

namespace penstock::torture {

// Reads, writes and syncs of the VFS "failing", while `left` is above 0: each takes one.
class FailingFiles final : public testing::ShimVfs {
 public:
  static constexpr const char* kName = "failing";
  explicit FailingFiles(std::atomic<std::uint32_t>& left) : ShimVfs(kName), left_(left) {}

 private:
  std::optional<int> before(const Call& call) override {
    const int code = call.op == Op::read    ? SQLITE_IOERR_READ
                     : call.op == Op::write ? SQLITE_IOERR_WRITE
                     : call.op == Op::sync  ? SQLITE_IOERR_FSYNC
                                            : SQLITE_OK;
    return code != SQLITE_OK && take_one() ? std::optional(code) : std::nullopt;
  }
  bool take_one() {
    for (std::uint32_t n = left_; n > 0;) {
      if (left_.compare_exchange_weak(n, n - 1)) return true;
    }
    return false;
  }

  std::atomic<std::uint32_t>& left_;
};

}  // namespace penstock::torture
