// The seam of codecs: how a payload becomes bytes, and bytes a payload.
//
// Two interfaces. A *value codec* ("json", "protobuf") turns the fields of a struct into bytes. A
// *transform* ("zstd", encryption) turns bytes into bytes. The config names a chain, one value codec
// and then any transforms, in the order in which they are applied: `use = ["json", "zstd"]`. Transforms
// are applied to every payload and result, also to those that the program turned into bytes itself.
//
// The names of the codecs that were applied are stored with every task and every result, and decide
// how it is read: what was written under one config can be read under another, as long as its codecs are in
// `use` or, for reading alone, in `also`. A name is therefore a format: a codec that comes to write something
// that its older versions cannot read needs a new one.
//
// A struct is never known to a codec. It shows itself field by field to a FieldWriter, and asks a
// FieldReader for its fields; the templates that do so stand in penstock/fields.hpp and live in the
// user's binary. Codecs implement the four abstract classes below.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <penstock/plugin/interface.hpp>
#include <penstock/plugin/result.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

// A field's names: the number for binary formats (1 and up, never reused), the name for textual ones.
struct FieldName {
  std::uint32_t number = 0;
  std::string_view name;
};

// Lent to a value while it shows itself. Every value is one call: a scalar, or a `begin_...` with its
// contents and `end`. Inside an object every value is preceded by `field`. Errors are kept by the
// writer and reported by ValueCodec::encode.
class PENSTOCK_API FieldWriter {
 public:
  virtual void field(FieldName name) = 0;
  virtual void boolean(bool value) = 0;
  virtual void integer(std::int64_t value) = 0;
  virtual void natural(std::uint64_t value) = 0;
  virtual void number(double value) = 0;
  virtual void text(std::string_view utf8) = 0;  // not valid UTF-8: an error in textual formats
  virtual void bytes(std::string_view octets) = 0;
  virtual void begin_object() = 0;
  virtual void begin_list() = 0;  // its items follow; they are all of one sort
  virtual void end() = 0;         // of the innermost object or list

 protected:
  ~FieldWriter() = default;
};

// Lent to a value while it takes its fields. The reader stands on one value at a time; the caller
// says what it expects there. A value of another sort, or out of range, is kept as the reader's
// error, reads as zero, and ends the reading: next_field and next_item answer "no more".
class PENSTOCK_API FieldReader {
 public:
  // Objects: `enter_object`, then `next_field` until it is empty. A field that the caller does not
  // know is passed over with `skip`. A binary format may offer a list field several times.
  virtual void enter_object() = 0;
  virtual std::optional<FieldName> next_field() = 0;
  // Lists: `enter_list`, then one value after each true `next_item`.
  virtual void enter_list() = 0;
  virtual bool next_item() = 0;
  virtual bool is_null() = 0;  // the value is an explicit null; it counts as read
  virtual bool boolean() = 0;
  virtual std::int64_t integer() = 0;
  virtual std::uint64_t natural() = 0;
  virtual double number() = 0;
  virtual std::string text() = 0;
  virtual std::string bytes() = 0;
  virtual void skip() = 0;
  virtual void fail(std::string_view why) = 0;  // the caller's own objection, with the field's name

 protected:
  ~FieldReader() = default;
};

// What the user's side implements (penstock/fields.hpp does).
class PENSTOCK_API Encodable {
 public:
  virtual void write(FieldWriter&) const = 0;

 protected:
  ~Encodable() = default;
};
class PENSTOCK_API Decodable {
 public:
  virtual void read(FieldReader&) = 0;

 protected:
  ~Decodable() = default;
};

// Thread: any, many at once; stateless after creation.
class PENSTOCK_API ValueCodec : public Interface {
 public:
  static constexpr const char* kKind = "codec";
  // Stored with the task: [a-z][a-z0-9_]*, the component's name.
  virtual std::string_view name() const noexcept = 0;
  // Appends to `out`. On an error (invalid: names the field) `out` is as before.
  virtual Result<void> encode(const Encodable& value, std::string& out) noexcept = 0;
  // Errors: invalid, naming the field and what was wrong there. Any input whatever is safe: depth is
  // limited to 64 and nothing is allocated for lengths that the input does not hold.
  virtual Result<void> decode(std::string_view bytes, Decodable& value) noexcept = 0;
};

// Found by `query` on a component of kind "codec": such a component is a transform.
// Thread: any, many at once; stateless after creation.
struct PENSTOCK_API Transform {
  static constexpr std::string_view kId = "penstock.codec.transform/1";
  // Any bytes whatever, none too. The same bytes come out the same every time: a task that is sent twice is
  // compared by its stored form.
  virtual Result<std::string> apply(std::string_view bytes) noexcept = 0;
  // Gives back what `apply` was given. The bytes may be anything, from anywhere: what `apply` cannot have
  // made, cut short or with more behind it, is Errc::invalid, and says what is wrong. More than `at_most`
  // octets are Errc::resource_exhausted, before they are allocated: what the input claims of its size is not
  // believed.
  virtual Result<std::string> undo(std::string_view bytes, std::uint64_t at_most) noexcept = 0;

 protected:
  ~Transform() = default;
};

// A component that is a transform and nothing else: component<TransformCodec, Zstd, Transform>("zstd", ...).
class PENSTOCK_API TransformCodec : public Interface, public Transform {
 public:
  static constexpr const char* kKind = "codec";
  void* query(std::string_view id) noexcept override { return offer<Transform>(this, id); }
};

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
