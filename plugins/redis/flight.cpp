#include "flight.hpp"

#include <algorithm>

#include "failure.hpp"
#include "node.hpp"

namespace penstock::redis {
namespace {

constexpr std::size_t kSmall = 16 << 10;      // octets of a flight that may travel with others
constexpr std::size_t kTogether = 256 << 10;  // and of all of them

// What one flight of a flush has received: its own part of the replies.
Connection::Received part_of(const Connection::Received& all, std::size_t first, std::size_t count) {
  if (all.roots.empty()) return {};
  const auto begin = all.roots.begin() + static_cast<std::ptrdiff_t>(first);
  return {all.values, {begin, begin + static_cast<std::ptrdiff_t>(count)}, all.refusal};
}

}  // namespace

void Node::fly(Lane lane, const std::shared_ptr<Flight>& flight) {
  flight->shares = flight->octets.size() <= kSmall;
  try {
    if (auto connection = board(lane, flight)) lead(*connection, *flight, lane);
  } catch (const Lost& lost) {  // the deadline has passed while another caller's flush was under way
    flight->lost = lost.what();
    flight->handed = flight->octets.size();
  }
}

// Those who have much more time than the leader stay: his flush ends when his own time does.
std::vector<std::shared_ptr<Flight>> Node::take_along(Pool& p, const Flight& leader) {
  std::vector<std::shared_ptr<Flight>> taken;
  std::size_t room = kTogether;
  const Deadline now = Clock::now(), latest = now + 2 * std::min<Clock::duration>(leader.deadline - now, 1h);
  std::erase_if(p.line, [&](const std::shared_ptr<Flight>& other) {
    if (!other->shares || other->octets.size() > room || other->deadline > latest) return false;
    room -= other->octets.size();
    other->state = Flight::State::carried;
    taken.push_back(other);
    return true;
  });
  return taken;
}

// The flight's own octets become the flush: those of the others are put behind them.
void Node::lead(Borrowed& connection, Flight& flight, Lane lane) {
  std::vector<std::shared_ptr<Flight>> others;
  if (flight.shares) {
    const std::lock_guard lock(mutex_);
    others = take_along(pool(lane), flight);
  }
  const std::size_t own = flight.octets.size();
  std::size_t commands = flight.commands;
  for (const auto& other : others) {
    flight.octets += other->octets;
    commands += other->commands;
  }
  Connection::Received all;
  try {
    connection->send(flight.octets, flight.deadline);
    all = connection->receive(commands, flight.deadline);
  } catch (const std::exception& e) {
    flight.lost = e.what();
  }
  const std::size_t handed = connection->handed();
  flight.handed = std::min(handed, own);
  if (!flight.lost.empty()) {
    forget();
  } else if (all.refusal.empty()) {
    connection.put_back();
  }
  land(others, all, flight.lost, {own, flight.commands, handed});
  flight.received = others.empty() ? std::move(all) : part_of(all, 0, flight.commands);
}

void Node::land(std::span<const std::shared_ptr<Flight>> others, const Connection::Received& all,
                const std::string& lost, Place place) {
  const std::lock_guard lock(mutex_);
  for (const auto& other : others) {
    const std::size_t size = other->octets.size();
    if (other->state == Flight::State::carried) {
      other->handed = std::min(place.handed - std::min(place.handed, place.octet), size);
      other->lost = lost;
      if (lost.empty()) other->received = part_of(all, place.command, other->commands);
      other->state = Flight::State::landed;
      other->changed.notify_one();
    }
    place.octet += size;
    place.command += other->commands;
  }
}

}  // namespace penstock::redis
