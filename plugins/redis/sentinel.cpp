#include "sentinel.hpp"

#include <optional>

#include "decimal.hpp"
#include "encode.hpp"
#include "failure.hpp"

namespace penstock::redis {
namespace {

Address ask(const Address& sentinel, const Setup& setup, Deadline deadline, int wake) {
  Connection connection(sentinel, setup, Peer::sentinel, deadline, wake);
  std::string commands;
  append_command(commands, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", setup.options.master});
  connection.send(commands, deadline);
  const auto received = connection.receive(1, deadline);
  const Reply reply(received.values, received.roots[0]);
  if (reply.is_error()) throw Failure(server_error(reply.text()));
  const Address master{std::string(reply[0].text()), decimal<std::uint16_t>(reply[1].text()).value_or(0)};
  if (master.host.empty() || master.port == 0)
    throw Failure(
        unavailable("redis: the sentinel " + to_text(sentinel) + " knows no master called " + setup.options.master));
  return master;
}

}  // namespace

std::unique_ptr<Connection> connect_by_sentinels(const Setup& setup, Deadline deadline, int wake) {
  std::optional<Failure> last;
  auto left = static_cast<int>(setup.options.sentinels.size());
  for (const Address& sentinel : setup.options.sentinels) {
    const auto now = Clock::now();
    const Deadline until = now + (deadline - now) / left--;
    try {
      const Address master = ask(sentinel, setup, until, wake);
      return std::make_unique<Connection>(master, setup, Peer::master, until, wake);
    } catch (const Failure& failure) {
      last = failure;
    } catch (const Lost& lost) {
      last = Failure(unavailable("redis: the sentinel " + to_text(sentinel) + ": " + lost.what()));
    }
  }
  throw last ? *last : Failure({Errc::invalid, "redis: a master's name is given, but no sentinels"});
}

}  // namespace penstock::redis
