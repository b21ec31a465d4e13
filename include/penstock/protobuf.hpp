// Payloads that are protobuf messages of your own .proto files.
//
// Include this where you enqueue or handle such a type, and link protobuf (or protobuf-lite) yourself:
//
//   manager.enqueue(my::proto::Resize{...});
//
// The message serialises itself in your binary; Penstock links no protobuf and sees only bytes, stored
// under the codec name "protobuf_message". The `protobuf` plugin is another thing: it stores plain
// structs in the same wire format, without generated code.
//
// A message lacking required fields (proto2) is refused on both sides, as is one over 2 GiB.
#pragma once

#include <climits>
#include <concepts>
#include <google/protobuf/message_lite.h>
#include <string>
#include <string_view>

#include <penstock/payload.hpp>

namespace penstock {

template <std::derived_from<google::protobuf::MessageLite> T>
struct Payload<T> {
  static std::string_view codec_name(const ValueCodec*) { return "protobuf_message"; }

  static Result<void> encode(const T& value, ValueCodec*, std::string& out) {
    if (!value.IsInitialized()) return lacks_fields(value);
    std::size_t before = out.size();
    if (value.ByteSizeLong() <= INT_MAX && value.AppendPartialToString(&out)) return {};
    out.resize(before);
    return Error{Errc::invalid, value.GetTypeName() + " cannot be serialised: it is larger than 2 GiB"};
  }

  static Result<void> decode(std::string_view bytes, ValueCodec*, T& out) {
    if (bytes.size() > INT_MAX || !out.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return Error{Errc::invalid, "the payload is not a valid " + out.GetTypeName()};
    }
    if (!out.IsInitialized()) return lacks_fields(out);
    return {};
  }

 private:
  static Error lacks_fields(const T& value) {
    return Error{Errc::invalid, value.GetTypeName() + " lacks required fields: " + value.InitializationErrorString()};
  }
};

}  // namespace penstock
