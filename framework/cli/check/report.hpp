// What was checked, for people: a line per section while it goes on, and at the end what is wrong.
#pragma once

#include <cstddef>
#include <string>

#include <penstock/conformance/report.hpp>

namespace penstock::cli {

struct Totals {
  std::size_t passed = 0, failed = 0, not_claimed = 0;
  void add(conformance::Verdict);
  Totals& operator+=(const Totals&);
};

// Prints "  settle  31  0  2" whenever the outcomes of one section are complete: those whose names have the
// same word in front of the dot, one after the other.
class SectionLines {
 public:
  explicit SectionLines(const std::string& title);  // prints the head
  ~SectionLines() { flush(); }
  SectionLines(const SectionLines&) = delete;
  SectionLines& operator=(const SectionLines&) = delete;
  void add(const conformance::Outcome&);

 private:
  void flush();
  std::string section_;
  Totals totals_;
};

Totals totals_of(const conformance::Report&);

// Each broken promise with what was seen, then the reasons of what is not claimed, each once. Empty when
// there is neither.
std::string remarks(const conformance::Report&);

}  // namespace penstock::cli
