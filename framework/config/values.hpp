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

namespace penstock::config {

// A value as it was written: by kind of the file's syntax, not yet by kind of the setting.
using Written = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

// Owns the checked values. Behaves as Settings.hpp says; immutable after `check`.
class Values final : public Settings {
 public:
  // Checks what was written against the table, fills in fallbacks and resolves secrets. The error is
  // Errc::invalid and starts with the key; the caller adds file, line and component.
  static Result<Values> check(std::span<const Setting> table, const std::map<std::string, Written>& written);

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

// The name among `known` that is nearest to `word` by edit distance, or empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace penstock::config
