// Numbers and texts in a row of octets, as they stand in the files of the store.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

#include <penstock/plugin/backend.hpp>

namespace filesystem {

class Writer {
 public:
  template <class T>
  void number(T value) {  // of any width, in eight octets
    auto wide = static_cast<std::uint64_t>(value);
    for (int i = 0; i < 8; ++i, wide >>= 8) out_ += static_cast<char>(wide & 0xff);
  }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  void id(const penstock::TaskId& id) { out_.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()); }
  std::string& octets() { return out_; }

 private:
  std::string out_;
};

// Reads what a Writer wrote, in the same order. Texts point into the octets. Throws std::out_of_range at
// their end: somebody has cut the file.
class Reader {
 public:
  explicit Reader(std::string_view octets) : rest_(octets) {}

  std::uint64_t number() {
    std::uint64_t out = 0;
    const std::string_view octets = take(8);
    for (int i = 8; i-- > 0;) out = out << 8 | static_cast<unsigned char>(octets[static_cast<std::size_t>(i)]);
    return out;
  }
  template <class T>
  T number_as() {
    return static_cast<T>(number());
  }
  std::string_view text() { return take(number()); }
  penstock::TaskId id() {
    penstock::TaskId out;
    std::memcpy(out.bytes.data(), take(out.bytes.size()).data(), out.bytes.size());
    return out;
  }
  penstock::Millis millis() { return penstock::Millis(number_as<std::int64_t>()); }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) throw std::out_of_range("the file ends too early");
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  std::string_view rest_;
};

}  // namespace filesystem
