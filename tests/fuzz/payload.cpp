// Payloads that others wrote: a codec reads what it understands, and says so in a line when it does not.
#include "fuzz/fuzz.hpp"
#include "unit/codecs/sample.hpp"

namespace penstock::fuzz {
namespace {

// As the codec writes it; empty: it cannot.
std::string written(ValueCodec& codec, sample::All& value) {
  std::string out;
  return codec.encode(describe(value), out) ? out : "";
}

}  // namespace

void take(std::string_view input) {
  static const auto json = sample::open_codec("json"), protobuf = sample::open_codec("protobuf");
  ValueCodec& codec = octet(input) % 2 == 0 ? *json : *protobuf;
  sample::All value;
  const std::string error = sample::read(codec, input, value);
  if (!error.empty()) return demand(one_line(error), "an error is one line");
  const std::string once = written(codec, value);
  if (once.empty()) return;  // JSON has no infinity, which others may have written
  sample::All again;
  demand(sample::read(codec, once, again).empty(), "what was written can be read");
  demand(written(codec, again) == once, "a payload reads as it was written");
}

}  // namespace penstock::fuzz
