// Names that the rule [A-Za-z0-9._-]{1,128} refuses, and that a careless store would trip over.
#pragma once

#include <string>
#include <vector>

namespace penstock::conformance {

inline std::vector<std::string> hostile_names() {
  std::vector<std::string> out = {"",
                                  " ",
                                  "a b",
                                  " a",
                                  "a ",
                                  "a/b",
                                  "../a",
                                  "a\\b",
                                  "a:b",
                                  "{a}",
                                  "a{b",
                                  "a}b",
                                  "a*",
                                  "a?",
                                  "[a]",
                                  "a,b",
                                  "a;b",
                                  "'; DROP TABLE task; --",
                                  "\"a\"",
                                  "`a`",
                                  "$(a)",
                                  "${a}",
                                  "%2e%2e",
                                  "a%00b",
                                  "a\nb",
                                  "a\r\nb",
                                  "a\tb",
                                  "\x01",
                                  "\x7f",
                                  "caf\xc3\xa9",
                                  "\xe2\x80\xae"
                                  "abc",
                                  "\xff\xfe",
                                  "\xc0\x80",
                                  "a=b",
                                  "a&b",
                                  "a|b",
                                  "<a>",
                                  "a@b",
                                  "a#b",
                                  "a!b",
                                  "a+b",
                                  "a~b",
                                  "a^b",
                                  "(a)",
                                  "*1\r\n$4\r\nPING\r\n"};
  out.emplace_back("a\0b", 3);
  out.emplace_back(1, '\0');
  out.emplace_back("abc\0", 4);
  out.emplace_back(129, 'a');
  out.emplace_back(10'240, 'a');
  return out;
}

}  // namespace penstock::conformance
