// Texts that say where a server is: of people, and of nodes that send us elsewhere.
#include "fuzz/fuzz.hpp"
#include "redis/options.hpp"
#include "redis/slot_map.hpp"

void penstock::fuzz::take(std::string_view input) {
  if (const auto address = redis::parse_address(input, 6379)) {
    const auto again = redis::parse_address(redis::to_text(*address), 1);
    demand(again && *again == *address, "an address reads as it is written");
  }
  const auto options = redis::parse_url(input);
  if (!options) demand(one_line(options.error().message) || input.find('\n') != input.npos, "an error is one line");
  if (const auto moved = redis::read_redirection(input, {"from", 1})) {
    demand(moved->slot < 16384 && moved->to.port > 0 && !moved->to.host.empty(), "a redirection leads somewhere");
  }
}
