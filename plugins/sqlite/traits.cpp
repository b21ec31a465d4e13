#include "traits.hpp"

#include <algorithm>

namespace penstock::sqlite {
namespace {

void add(std::string& out, std::string_view part) {
  out += static_cast<char>(part.size());
  out += part;
}

std::string_view first(std::string_view parts) noexcept {
  return parts.empty() ? parts : parts.substr(1, static_cast<unsigned char>(parts.front()));
}

std::string_view rest(std::string_view parts) noexcept {
  return parts.empty() ? parts : parts.substr(first(parts).size() + 1);
}

}  // namespace

std::string pack_traits(const NewTask& t) {
  std::string out;
  if (t.unique.empty() && t.fair.empty() && t.gates.empty()) return out;
  add(out, t.unique);
  add(out, t.fair);
  std::vector<std::string_view> sorted;
  auto gates = t.gates;
  if (!std::is_sorted(gates.begin(), gates.end())) {
    sorted.assign(gates.begin(), gates.end());
    std::sort(sorted.begin(), sorted.end());
    gates = sorted;
  }
  for (const std::string_view gate : gates) add(out, gate);
  return out;
}

std::string_view unique_of(std::string_view traits) noexcept { return first(traits); }

std::string_view flow_of(std::string_view traits) noexcept {
  const std::string_view flow = rest(traits);
  return flow.size() <= 1 ? std::string_view() : flow;
}

std::string_view fair_of(std::string_view flow) noexcept { return first(flow); }

bool has_gates(std::string_view flow) noexcept { return !rest(flow).empty(); }

std::vector<std::string_view> gates_of(std::string_view flow) {
  std::vector<std::string_view> out;
  for (flow = rest(flow); !flow.empty(); flow = rest(flow)) out.push_back(first(flow));
  return out;
}

}  // namespace penstock::sqlite
