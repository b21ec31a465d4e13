#include <penstock/error.hpp>

namespace penstock {

Exception::Exception(Error error) : std::runtime_error(error.message), error_(std::move(error)) {}
Exception::~Exception() = default;

}  // namespace penstock
