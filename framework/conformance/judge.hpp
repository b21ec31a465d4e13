// From a check to its verdict.
#pragma once

#include <chrono>
#include <exception>

#include <penstock/conformance/report.hpp>

#include "conformance/expect.hpp"

namespace penstock::conformance {

// Runs `check`: whatever it throws is the verdict.
template <class Check>
Outcome judge(const char* name, const char* text, Check&& check) {
  Outcome out{name, text};
  const auto start = std::chrono::steady_clock::now();
  try {
    check();
  } catch (const Broken& b) {
    out.verdict = Verdict::broken, out.detail = b.message;
  } catch (const Unsupported& u) {
    out.verdict = Verdict::unsupported, out.detail = u.reason;
  } catch (const std::exception& e) {
    out.verdict = Verdict::broken, out.detail = std::string("threw: ") + e.what();
  } catch (...) {
    out.verdict = Verdict::broken, out.detail = "threw something that is not a std::exception";
  }
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

}  // namespace penstock::conformance
