// How a value of type T becomes a task's payload, or a handler's result: the one trait that enqueue
// and handlers ask.
//
//   T                                             stored as                      codec name stored
//   described struct (penstock/fields.hpp)        the process's value codec      "json", "protobuf", ...
//   number, enum, duration, vector, map, ...      the same: an object {value}    "json", "protobuf", ...
//   std::string, vector of std::byte or           its bytes, unchanged           "" (raw)
//     unsigned char
//   protobuf message (penstock/protobuf.hpp)      by the message itself          "protobuf_message"
//
// To store a type in a way of your own, specialise Payload for it with these three functions:
//
//   codec_name  the name that is stored with the bytes; names the codec a reader will need. Valid as
//               long as the codec lives.
//   encode      appends to `out`. On an error `out` is as before.
//   decode      replaces `out`. Any input whatever gives a value or Errc::invalid; Errc::unsupported
//               when the codec is not here: then the task is given back to the store, for others. After
//               an error `out` holds a valid value that means nothing.
//
// `codec` is the value codec by the stored name, or null when the process has none. Thread: any. None
// throws, except that memory may run out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/fields.hpp>
#include <penstock/plugin/codec.hpp>

namespace penstock {

template <class T>
struct Payload {
  using primary = void;  // tells this template from a specialisation
  static std::string_view codec_name(const ValueCodec* process_codec) {
    return process_codec ? process_codec->name() : std::string_view();
  }
  static Result<void> encode(const T& value, ValueCodec* codec, std::string& out) {
    if (!codec) return no_codec();
    return codec->encode(describe(value), out);
  }
  static Result<void> decode(std::string_view bytes, ValueCodec* codec, T& out) {
    if (!codec) return no_codec();
    describe into(out);
    return codec->decode(bytes, into);
  }

 private:
  static Error no_codec() {
    return Error{Errc::unsupported, "its value codec is not here: name it in [codec] use, or in also"};
  }
};

namespace impl {
// The bytes are the payload.
template <class T>
struct RawPayload {
  static std::string_view codec_name(const ValueCodec*) { return {}; }
  static Result<void> encode(const T& value, ValueCodec*, std::string& out) {
    out.append(reinterpret_cast<const char*>(value.data()), value.size());
    return {};
  }
  static Result<void> decode(std::string_view bytes, ValueCodec*, T& out) {
    auto first = reinterpret_cast<const typename T::value_type*>(bytes.data());
    out.assign(first, first + bytes.size());
    return {};
  }
};
}  // namespace impl

// T can be stored: it has one of the shapes above, or a Payload of its own.
template <class T>
concept HasPayload = impl::kShape<T>
!= impl::Shape::none || !requires { typename Payload<T>::primary; };

template <>
struct Payload<std::string> : impl::RawPayload<std::string> {};
template <>
struct Payload<std::vector<std::byte>> : impl::RawPayload<std::vector<std::byte>> {};
template <>
struct Payload<std::vector<unsigned char>> : impl::RawPayload<std::vector<unsigned char>> {};

}  // namespace penstock
