#include "connection.hpp"

#include <cstdio>
#include <mutant.hpp>
#include <random>
#include <utility>

#include "encode.hpp"
#include "failure.hpp"

namespace penstock::redis {
namespace {

constexpr std::size_t kReadAtOnce = 16 << 10;

std::uint64_t random_number() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

Failure refused(const Address& address, std::string_view text) {
  Error error = server_error(text);
  error.message = "redis: " + to_text(address) + ": " + std::string(text);
  return Failure(std::move(error));
}

// States in which a server refuses a PING as well.
bool refuses_everything(std::string_view text) noexcept {
  const std::string_view code = error_code(text);
  return code == "LOADING" || code == "BUSY" || code == "MASTERDOWN" || code == "NOAUTH" || code == "NOPERM";
}

void check_role(const Address& address, const Reply& role) {
  if (role[0].text() == "master" || mutant("redis.client.any_role")) return;
  const Address master{std::string(role[1].text()), static_cast<std::uint16_t>(role[2].integer())};
  throw Failure(unavailable("redis: " + to_text(address) + " is not a master" +
                            (master.host.empty() ? "" : ", but a replica of " + to_text(master))));
}

}  // namespace

Connection::Connection(const Address& address, const Setup& setup, Peer peer, Deadline deadline, int wake)
    : address_(address),
      stream_(address, setup.options.tls, setup.context, deadline, wake),
      decoder_(setup.options.limits),
      in_(kReadAtOnce),
      nonce_(random_number()) {
  try {
    hello(setup, peer, deadline);
  } catch (const Lost& lost) {
    throw Failure(unavailable("redis: cannot connect to " + to_text(address) + ": " + lost.what()));
  }
}

// The PING at the end of the flush also brings out what a server refuses only now, such as our certificate.
void Connection::hello(const Setup& setup, Peer peer, Deadline deadline) {
  const Options& o = setup.options;
  const std::string &user = peer == Peer::sentinel ? o.sentinel_user : o.user,
                    &password = peer == Peer::sentinel ? o.sentinel_password : o.password;
  std::string out;
  std::size_t count = 0, role = 0;
  std::vector<std::size_t> demanded;
  const auto demand = [&](std::initializer_list<std::string_view> words) {
    append_command(out, words);
    demanded.push_back(count++);
  };
  if (!user.empty()) {
    demand({"AUTH", user, password});  // also without a password: the server may want none of this user
  } else if (!password.empty()) {
    demand({"AUTH", password});
  }
  if (peer == Peer::master) {
    if (o.database != 0) demand({"SELECT", std::to_string(o.database)});
    role = count;
    demand({"ROLE"});
  }
  append_command(out, {"CLIENT", "SETNAME", o.name}), ++count;  // only for the eyes of people: it may be refused
  send(out, deadline);
  const Received received = receive(count, deadline);
  for (std::size_t i : demanded) {
    const Reply reply(received.values, received.roots[i]);
    if (reply.is_error()) throw refused(address_, reply.text());
  }
  if (!received.refusal.empty()) throw refused(address_, received.refusal);
  if (peer == Peer::master) check_role(address_, Reply(received.values, received.roots[role]));
}

std::string Connection::next_mark() {
  char text[40];
  const int n = std::snprintf(text, sizeof text, "%016llx-%llx", static_cast<unsigned long long>(nonce_),
                              static_cast<unsigned long long>(++flushes_));
  return std::string(text, static_cast<std::size_t>(n));
}

void Connection::send(std::string& commands, Deadline deadline) {
  handed_ = 0;
  mark_ = next_mark();
  append_command(commands, {"PING", mark_});
  stream_.write(commands, handed_, deadline);
}

Connection::Received Connection::receive(std::size_t count, Deadline deadline) {
  const auto values = std::make_shared<Values>();
  Received received{values, {}, {}};
  received.roots.reserve(count + 1);
  decoder_.begin(*values);
  while (received.roots.size() <= count) {
    if (const auto root = decoder_.next()) {
      received.roots.push_back(*root);
      continue;
    }
    const std::size_t n =
        stream_.read(in_.data(), in_.size(), mutant("redis.client.late_replies") ? Deadline::max() : deadline);
    if (n == 0) throw Lost("no reply in time");
    decoder_.feed({in_.data(), n});
  }
  const Reply last(values, received.roots.back());
  received.roots.pop_back();
  if (last.is_error() && refuses_everything(last.text())) {
    received.refusal = last.text();
  } else if (last.kind() != Reply::Kind::text || (last.text() != mark_ && !mutant("redis.client.any_mark"))) {
    throw Lost("the replies are not those to what was sent");
  }
  return received;
}

bool Connection::quiet() noexcept try {
  return decoder_.left() == 0 && stream_.read_now(in_.data(), 1) == 0;
} catch (...) {
  return false;
}

Reply Connection::heard() {
  if (!hearing_) {
    hearing_ = std::make_shared<Values>();
    decoder_.begin(*hearing_);
  }
  for (;;) {
    if (const auto root = decoder_.next()) return Reply(std::exchange(hearing_, nullptr), *root);
    const std::size_t n = stream_.read_now(in_.data(), in_.size());
    if (n == 0) return {};
    decoder_.feed({in_.data(), n});
  }
}

void Connection::say(std::string_view octets, Deadline deadline) { stream_.write(octets, handed_, deadline); }

}  // namespace penstock::redis
