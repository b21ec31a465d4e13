// What a fuzz target is: code that any octets may be given to.
//
// Built by clang with libFuzzer (`./dev fuzz`), a target is a fuzzer of its own. In every other build it takes the
// inputs below corpus/TARGET once, as a test: what was found once is kept there for ever.
#pragma once

#include <string>
#include <string_view>

namespace penstock::fuzz {

// The target. Input that is refused is fine; a crash, an exception that leaves it, and a broken `demand` are not.
void take(std::string_view input);

// Ends the program with these words, unless it holds.
void demand(bool holds, std::string_view what);

// Takes the first octet off the input; 0 when there is none.
inline unsigned char octet(std::string_view& input) {
  if (input.empty()) return 0;
  const auto out = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  return out;
}

// A text for people, which messages promise to be.
inline bool one_line(std::string_view text) { return !text.empty() && text.find('\n') == std::string_view::npos; }

}  // namespace penstock::fuzz
