// Durations, sizes, rates, names and ids, as people write them.
#include "config/units.hpp"

#include <penstock/plugin/names.hpp>
#include <penstock/task.hpp>

#include "fuzz/fuzz.hpp"

namespace penstock::fuzz {
namespace {

template <class Parse, class Format>
void there_and_back(std::string_view text, Parse parse, Format format) {
  const auto value = parse(text);
  if (!value) return demand(one_line(value.error().message), "an error is one line");
  const auto again = parse(format(*value));
  demand(again && *again == *value, "what is formatted reads as the same");
}

bool is_name(std::string_view text) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.size() <= 128 && text != "." && text != ".." &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

void take(std::string_view input) {
  there_and_back(input, config::parse_duration, config::format_duration);
  there_and_back(input, config::parse_size, config::format_size);
  there_and_back(input, config::parse_rate, config::format_rate);
  demand(valid_name(input) == is_name(input), "a name is what the header says");
  if (const auto id = parse_task_id(input)) {
    const std::string text = to_text(*id);
    demand(parse_task_id(text) == id && text.size() == input.size(), "an id reads as the same");
  }
}

}  // namespace penstock::fuzz
