// Limits, holds and times in words, as the commands print them.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <penstock/plugin/backend.hpp>

namespace penstock::cli {

// What a gate lets through now, and who says so: "operator", "declared", the same with ", for CLASS" behind
// it, or "" when nobody does.
struct InForce {
  Limit limit;
  std::string by;
};
InForce in_force(std::span<const GateState> gates, std::string_view queue, std::string_view gate);

std::string words(const Limit& limit);          // "4 running, 100/s, burst 20"; "none"
std::string words(const InForce& limit);        // "4 running (operator)"; "none"
std::string held_words(const GateState* gate);  // "held until resumed", "held for 5m"; "not held", also for none
std::string gate_words(std::string_view gate);  // printable; "-" for a queue's own

const GateState* find(std::span<const GateState> gates, std::string_view queue, std::string_view gate);

// The gates as a table with a head, one line each, or one line that says that there are none.
std::string table(std::span<const GateState> gates);

std::string padded(std::string text, std::size_t width);
std::string time_words(std::chrono::nanoseconds);  // "12us", "3.4ms", "1.20s"
std::string date_words(Time at);  // "2024-03-02T10:00:05Z"

}  // namespace penstock::cli
