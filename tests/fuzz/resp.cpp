// What a server sends, in pieces of any size: values within the limits, or the connection is closed.
#include "fuzz/fuzz.hpp"
#include "redis/decoder.hpp"
#include "redis/failure.hpp"
#include "redis/slot_map.hpp"

namespace penstock::fuzz {
namespace {

constexpr redis::Limits kLimits{.nesting = 4, .values = 1000, .text = 10'000, .octets = 100'000};

// Goes through all of a value; returns how many there are in it.
std::size_t walk(const redis::Reply& reply, std::size_t depth) {
  demand(depth <= kLimits.nesting, "no deeper than allowed");
  demand(reply.text().size() <= kLimits.text, "no text longer than allowed");
  std::size_t values = 1;
  for (std::size_t i = 0; i < reply.size(); ++i) values += walk(reply[i], depth + 1);
  return values;
}

}  // namespace

void take(std::string_view input) {
  const std::size_t piece = 1 + octet(input);
  redis::Decoder decoder(kLimits);
  const auto values = std::make_shared<redis::Values>();
  decoder.begin(*values);
  std::vector<std::size_t> roots;
  try {
    for (; !input.empty(); input.remove_prefix(std::min(piece, input.size()))) {
      decoder.feed(input.substr(0, piece));
      while (const auto root = decoder.next()) roots.push_back(*root);
    }
  } catch (const redis::Lost& lost) {
    return demand(one_line(lost.what()), "why is one line");
  }
  for (const std::size_t root : roots) {
    const redis::Reply reply(values, root);
    demand(walk(reply, 0) <= 2 * kLimits.values, "no more values than allowed");
    for (const redis::SlotRange& range : redis::read_slots(reply, {"h", 1})) {
      demand(range.first <= range.last, "slots in order");
    }
  }
}

}  // namespace penstock::fuzz
