// The values of one component's settings, checked against its table.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <penstock/plugin/result.hpp>
#include <penstock/plugin/settings.hpp>

#include "config/text.hpp"

namespace penstock::config {

// A value as it was written: by kind of the file's syntax, not yet by kind of the setting.
using Written = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

// Owns the checked values. Behaves as Settings.hpp says; immutable after `check`.
class Values final : public Settings {
 public:
  // Checks what was written against the table, fills in fallbacks and resolves secrets. The error is
  // Errc::invalid and starts with the key, which also goes to `at_fault`; the caller adds file, line
  // and component. A secret's text never gets into an error.
  static Result<Values> check(std::span<const Setting> table, const std::map<std::string, Written>& written,
                              std::string* at_fault = nullptr);

  bool flag(std::string_view key) const noexcept override;
  std::int64_t integer(std::string_view key) const noexcept override;
  double number(std::string_view key) const noexcept override;
  std::string_view text(std::string_view key) const noexcept override;
  std::chrono::milliseconds duration(std::string_view key) const noexcept override;
  std::vector<std::string> list(std::string_view key) const override;

 private:
  const Written* find(std::string_view key) const noexcept;
  std::map<std::string, Written, std::less<>> values_;
};

// A fallback stands as text in the table; this gives it the form it would have in a file.
// Requires: setting.fallback is not null.
Written fallback(const Setting& setting);

// What a setting takes, for messages and manuals: "a whole number from 1 up to 256".
std::string expected(const Setting& setting);

// Whether a table keeps the rules of settings.hpp: unique snake_case keys, docs, choices, and fallbacks
// that pass their own checks. Tables come from modules, so nothing in them is taken on trust.
Result<void> check_table(std::span<const Setting> table);

}  // namespace penstock::config
