// FieldWriter that writes the protobuf wire format to the end of a string.
#pragma once

#include <string>
#include <vector>

#include "../shared/field_trail.hpp"
#include "wire.hpp"

namespace penstock::protobuf {

class Writer final : public FieldWriter {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void field(FieldName name) override;
  void boolean(bool value) override;
  void integer(std::int64_t value) override;
  void natural(std::uint64_t value) override;
  void number(double value) override;
  void text(std::string_view utf8) override;
  void bytes(std::string_view octets) override;
  void begin_object() override;
  void begin_list() override;
  void end() override;

  Result<void> finish();

 private:
  // An object or list that has begun. Its contents start at `start`; its length is put in front of
  // them at its end. A list of scalars is packed into one such piece, any other list has none.
  struct Level {
    bool list = false;
    std::size_t start = 0;
    std::uint32_t number = 0;     // of the object's current field, or of the list
    std::optional<Wire> items{};  // what the list holds, once it holds something
    bool packed() const { return items && *items != Wire::delimited; }
  };

  bool begin_value(Wire wire);
  void append_delimited(std::string_view octets);
  void prefix_length(std::size_t start);

  std::string& out_;
  std::vector<Level> levels_;
  bool complete_ = false;
  codec_support::FieldTrail trail_;
};

}  // namespace penstock::protobuf
