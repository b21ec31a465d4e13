#include "cli/flow_words.hpp"

#include <cstdio>
#include <ctime>

#include "config/text.hpp"
#include "config/units.hpp"

namespace penstock::cli {
namespace {

// What is left of a hold, rounded up, so that nobody comes back too early.
std::string left(Millis time) {
  using namespace std::chrono;
  if (time > 10min) return config::format_duration(ceil<minutes>(time));
  if (time > 10s) return config::format_duration(ceil<seconds>(time));
  return config::format_duration(time);
}

}  // namespace

const GateState* find(std::span<const GateState> gates, std::string_view queue, std::string_view gate) {
  for (const GateState& g : gates) {
    if (g.queue == queue && g.gate == gate) return &g;
  }
  return nullptr;
}

InForce in_force(std::span<const GateState> gates, std::string_view queue, std::string_view gate) {
  const std::string_view of_class = gate.substr(0, gate.find(':'));
  for (std::string_view name : {gate, of_class}) {
    const bool own = name == gate;
    const GateState* g = own || !name.empty() ? find(gates, queue, name) : nullptr;
    if (!g) continue;
    const std::string whose = own ? "" : ", for " + gate_words(name);
    if (g->by_operator) return {*g->by_operator, "operator" + whose};
    if (g->declared) return {*g->declared, "declared" + whose};
  }
  return {};
}

std::string words(const Limit& limit) {
  std::string out;
  auto add = [&out](const std::string& part) { out += (out.empty() ? "" : ", ") + part; };
  if (limit.running >= 0) add(std::to_string(limit.running) + " running");
  if (limit.per_second > 0) add(config::format_rate(limit.per_second));
  if (limit.per_second > 0 && limit.burst > 1) add("burst " + std::to_string(limit.burst));
  return out.empty() ? "none" : out;
}

std::string words(const InForce& limit) { return words(limit.limit) + (limit.by.empty() ? "" : " (" + limit.by + ")"); }

std::string held_words(const GateState* gate) {
  if (!gate || !gate->held) return "not held";
  return *gate->held == kHoldForever ? "held until resumed" : "held for " + left(*gate->held);
}

std::string gate_words(std::string_view gate) { return gate.empty() ? "-" : config::printable(gate, 4 * kMaxKey); }

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text + ' ';
}

std::string table(std::span<const GateState> gates) {
  if (gates.empty()) return "no limits and no holds are set\n";
  auto row = [](std::string queue, std::string gate, std::string limit, std::string by, std::string leased,
                std::string waiting, std::string held) {
    return padded(std::move(queue), 24) + padded(std::move(gate), 24) + padded(std::move(limit), 28) +
           padded(std::move(by), 20) + padded(std::move(leased), 8) + padded(std::move(waiting), 8) + held + "\n";
  };
  std::string out = row("queue", "gate", "limit in force", "set by", "leased", "waiting", "held");
  for (const GateState& g : gates) {
    const InForce limit = in_force(gates, g.queue, g.gate);
    out += row(g.queue, gate_words(g.gate), words(limit.limit), limit.by.empty() ? "-" : limit.by,
               std::to_string(g.leased), std::to_string(g.waiting), held_words(&g));
  }
  return out;
}

std::string time_words(std::chrono::nanoseconds t) {
  const double micros = std::chrono::duration<double, std::micro>(t).count();
  char text[32];
  std::snprintf(text, sizeof text,
                micros < 1000  ? "%.0fus"
                : micros < 1e6 ? "%.1fms"
                               : "%.2fs",
                micros < 1000  ? micros
                : micros < 1e6 ? micros / 1e3
                               : micros / 1e6);
  return text;
}

std::string date_words(Time at) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  std::tm parts{};
  char text[40];
  if (!::gmtime_r(&seconds, &parts) || !std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)) return "-";
  return text;
}

}  // namespace penstock::cli
