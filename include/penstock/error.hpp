// Errors as applications see them. Seams return Result<T>; the TaskManager's own calls throw
// Exception, which holds the same Error, for misuse and for failures of single calls. Batch calls
// never throw for an item: they return an outcome for each.
#pragma once

#include <stdexcept>
#include <utility>

#include <penstock/plugin/result.hpp>

namespace penstock {

class PENSTOCK_API Exception : public std::runtime_error {
 public:
  explicit Exception(Error error);
  ~Exception() override;  // out of line: one type_info for every module that catches it
  const Error& error() const noexcept { return error_; }
  Errc code() const noexcept { return error_.code; }

 private:
  Error error_;
};

// The value, or the error thrown.
template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw Exception(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

}  // namespace penstock
