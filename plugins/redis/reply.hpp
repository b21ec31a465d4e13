// Values as a Redis server sends them, in its older protocol (RESP2).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::redis {

// All values of one flush: two allocations, however many there are.
struct Values {
  enum class Kind : std::uint8_t { nil, integer, status, text, error, array };
  struct Value {
    Kind kind = Kind::nil;
    std::uint32_t size = 0;  // octets of a text, elements of an array
    std::int64_t data = 0;   // the integer; where the text starts in `octets`; the first element in `all`
  };
  std::vector<Value> all;
  std::string octets;
};

// One value, with all that is inside it. It shares the memory of the flush that brought it, which lives as long as
// any reply of that flush: copy out what is kept for long. Asking a value for what it is not gives the zero of that
// type (0, "", no elements); asking beyond the last element gives nil. So a reply can be read without checks and
// judged at the end.
// Thread: any, it never changes.
class Reply {
 public:
  using Kind = Values::Kind;

  Reply() = default;  // nil
  Reply(std::shared_ptr<const Values> values, std::size_t at) : values_(std::move(values)), at_(at) {}

  Kind kind() const noexcept { return values_ ? value().kind : Kind::nil; }
  bool is_nil() const noexcept { return kind() == Kind::nil; }
  bool is_error() const noexcept { return kind() == Kind::error; }  // only inside an array: else it is the call's error

  std::int64_t integer() const noexcept { return kind() == Kind::integer ? value().data : 0; }
  // Of a bulk string, a status or an error; valid while this reply, or another of the same flush, is.
  std::string_view text() const noexcept;
  // Of an array.
  std::size_t size() const noexcept { return kind() == Kind::array ? value().size : 0; }
  Reply operator[](std::size_t i) const;

 private:
  const Values::Value& value() const noexcept { return values_->all[at_]; }

  std::shared_ptr<const Values> values_;
  std::size_t at_ = 0;
};

inline std::string_view Reply::text() const noexcept {
  const Kind k = kind();
  if (k != Kind::text && k != Kind::status && k != Kind::error) return {};
  return std::string_view(values_->octets).substr(static_cast<std::size_t>(value().data), value().size);
}

inline Reply Reply::operator[](std::size_t i) const {
  return i < size() ? Reply(values_, static_cast<std::size_t>(value().data) + i) : Reply();
}

}  // namespace penstock::redis
