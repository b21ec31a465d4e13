// Settings of a plugin component: declared once as a table, checked and documented by the host.
//
// A component lists its keys as `constexpr Setting kSettings[]`. The host reads the config file,
// refuses unknown keys (naming the nearest one), wrong types and values out of range, fills in
// fallbacks, resolves `env:NAME` and `file:PATH` for secrets, and only then creates the component.
// `penstock config show` and `penstock plugin inspect` are made from the same table. A component that
// refuses a value for a reason of its own says so in an error that starts with "KEY: ": the host puts
// the file, the line and the section in front.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/abi.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

enum class Kind : std::uint8_t {
  boolean,   // true or false
  integer,   // int64; `min` and `max` bound it
  number,    // double; `min` and `max` bound it
  string,    // any text
  duration,  // text with a unit: "250ms", "10s", "5m", "24h", "7d"; bounds are in milliseconds
  size,      // text with a unit: "512KiB", "64MiB", "1GiB"; bounds are in bytes
  rate,      // text: events per time: "500/s", "30/m", "10/h"; bounds are in events per second
  choice,    // one of `choices`
  secret,    // a string from `env:NAME` or `file:PATH`, or in place; masked wherever it is shown
  list,      // an array of strings
};

struct Setting {
  const char* key;  // snake_case, unique within the component
  Kind kind;
  const char* fallback;  // in the text form of the config file, unquoted; null: the key is required
  const char* doc;       // one sentence, Markdown
  std::int64_t min = INT64_MIN;
  std::int64_t max = INT64_MAX;
  const char* choices = nullptr;  // "none|lz4|zstd", for Kind::choice
};

// The checked values, lent for the duration of `create`. Asking for a key that the component did
// not declare, or by another kind, is a defect of the plugin: the answer is the type's zero value.
class PENSTOCK_API Settings {
 public:
  virtual bool flag(std::string_view key) const noexcept = 0;
  virtual std::int64_t integer(std::string_view key) const noexcept = 0;   // also Kind::size, in bytes
  virtual double number(std::string_view key) const noexcept = 0;          // also Kind::rate, per second
  virtual std::string_view text(std::string_view key) const noexcept = 0;  // string, choice, secret
  virtual std::chrono::milliseconds duration(std::string_view key) const noexcept = 0;
  virtual std::vector<std::string> list(std::string_view key) const = 0;

 protected:
  ~Settings() = default;
};

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
