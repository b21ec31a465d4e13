#include "config/show.hpp"

#include <charconv>

namespace penstock::config {
namespace {

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (octet < 0x20 || octet == 0x7F) {
      constexpr char kHex[] = "0123456789abcdef";
      out += {'\\', 'u', '0', '0', kHex[octet >> 4], kHex[octet & 15]};
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string in_text(double value) {
  char text[32];
  auto [end, error] = std::to_chars(text, text + sizeof text, value);
  std::string out(text, error == std::errc{} ? end : text);
  return out.find_first_of(".en") == std::string::npos ? out + ".0" : out;
}

}  // namespace

std::string to_toml(const Setting& setting, const Written& value) {
  if (const bool* b = std::get_if<bool>(&value)) return *b ? "true" : "false";
  if (const auto* i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&value)) return in_text(*d);
  if (const auto* text = std::get_if<std::string>(&value)) {
    bool reference = text->empty() || text->rfind("env:", 0) == 0 || text->rfind("file:", 0) == 0;
    return setting.kind == Kind::secret && !reference ? "\"***\"" : in_quotes(*text);
  }
  std::string out;
  for (const std::string& item : std::get<std::vector<std::string>>(value)) {
    out += (out.empty() ? "" : ", ") + in_quotes(item);
  }
  return "[" + out + "]";
}

std::string show(std::span<const Setting> table, const Section& section) {
  std::string out = "[" + section.name + "]\n";
  for (const Setting& s : table) {
    out += "# " + printable(s.doc, 1000) + (s.fallback ? "" : " Required.") + "\n";
    auto written = section.values.find(s.key);
    if (written != section.values.end()) {
      out += std::string(s.key) + " = " + to_toml(s, written->second) + "\n";
    } else if (s.fallback) {
      out += std::string(s.key) + " = " + to_toml(s, fallback(s)) + "\n";
    } else {
      out += "# " + std::string(s.key) + " =\n";
    }
  }
  return out;
}

}  // namespace penstock::config
