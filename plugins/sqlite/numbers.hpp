// Numbers for new rows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "statement.hpp"

namespace penstock::sqlite {

// Above all that are in use, or were at some time in this transaction: rows may be written late.
class Numbers {
 public:
  void seen(std::int64_t number) noexcept { last_ = std::max(last_, number); }
  // `highest` selects the highest one in the table.
  std::int64_t next(const Statement& highest) {
    if (!looked_) {
      Use use(highest);
      if (use.next()) seen(use.integer(0));
      looked_ = true;
    }
    return ++last_;
  }

 private:
  std::int64_t last_ = 0;
  bool looked_ = false;
};

}  // namespace penstock::sqlite
