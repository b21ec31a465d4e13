#include "rates.hpp"

#include <charconv>
#include <set>

namespace penstock::fault {
namespace {

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

double* rate_called(std::string_view name, Rates& rates) {
  if (name == "error") return &rates.error;
  if (name == "unknown") return &rates.unknown;
  if (name == "delayed") return &rates.delayed;
  return nullptr;
}

bool share(std::string_view text, double& out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out >= 0 && out <= 1;
}

// "error 0.1 unknown 0.02"; else what is wrong.
std::string parse(std::string_view text, Rates& rates) {
  std::set<std::string_view> seen;
  for (std::string_view name; !(name = next_word(text)).empty();) {
    double* rate = rate_called(name, rates);
    if (!rate) return "expected error, unknown or delayed, got \"" + std::string(name) + "\"";
    if (!seen.insert(name).second) return std::string(name) + " stands there twice";
    const std::string_view value = next_word(text);
    if (!share(value, *rate)) return std::string(name) + ": expected 0 up to 1, got \"" + std::string(value) + "\"";
  }
  return seen.empty() ? "expected rates, such as \"enqueue=error 0.1\"" : "";
}

std::string all_calls() {
  std::string out;
  for (std::string_view name : kCallNames) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

}  // namespace

Result<void> add_calls(const std::vector<std::string>& entries, RatesByCall& rates) {
  std::set<std::size_t> seen;
  for (std::string_view entry : entries) {
    const std::size_t equals = entry.find('=');
    const std::string_view call = entry.substr(0, equals);
    std::size_t at = 0;
    while (at < kCalls && kCallNames[at] != call) ++at;
    Rates own;
    std::string wrong;
    if (at == kCalls) {
      wrong = "expected one of " + all_calls();
    } else if (!seen.insert(at).second) {
      wrong = "the call stands there twice";
    } else {
      wrong = parse(equals == entry.npos ? "" : entry.substr(equals + 1), own);
    }
    if (!wrong.empty()) return Error{Errc::invalid, "calls: \"" + std::string(entry) + "\": " + wrong};
    rates[at] = own;
  }
  return {};
}

}  // namespace penstock::fault
