#include "slot_map.hpp"

#include "decimal.hpp"
#include "slot.hpp"

namespace penstock::redis {
namespace {

bool is_slot(std::int64_t n) { return n >= 0 && n < static_cast<std::int64_t>(kSlots); }

}  // namespace

std::vector<SlotRange> read_slots(const Reply& reply, const Address& asked) {
  std::vector<SlotRange> out;
  for (std::size_t i = 0; i < reply.size(); ++i) {
    const Reply range = reply[i], master = range[2];
    const std::int64_t first = range[0].integer(), last = range[1].integer(), port = master[1].integer();
    if (range.size() < 3 || !is_slot(first) || !is_slot(last) || first > last || port < 1 || port > 65535) return {};
    std::string host(master[0].text());
    if (host.empty() || host == "?") host = asked.host;
    out.push_back({static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last),
                   Address{std::move(host), static_cast<std::uint16_t>(port)}});
  }
  return out;
}

// An IPv6 address stands there without brackets: the port follows the last colon.
std::optional<Redirection> read_redirection(std::string_view error, const Address& from) {
  const std::size_t first = error.find(' '), second = error.find(' ', first + 1), colon = error.rfind(':');
  if (first == std::string_view::npos || second == std::string_view::npos || colon == std::string_view::npos ||
      colon < second)
    return {};
  const auto slot = decimal<std::uint16_t>(error.substr(first + 1, second - first - 1));
  const auto port = decimal<std::uint16_t>(error.substr(colon + 1));
  if (!slot || !is_slot(*slot) || !port || *port == 0) return {};
  Redirection out{};
  out.slot = *slot, out.to.port = *port;
  out.to.host = error.substr(second + 1, colon - second - 1);
  if (out.to.host.empty() || out.to.host == "?") out.to.host = from.host;
  return out;
}

}  // namespace penstock::redis
