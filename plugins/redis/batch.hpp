// One batch of calls on its way: rounds of flushes until every call has its answer.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "client.hpp"
#include "failure.hpp"
#include "router.hpp"

namespace penstock::redis {

// Thread: one. Used once.
class Batch {
 public:
  Batch(Router& router, std::span<const Call> calls, Deadline deadline, Lane lane);
  std::vector<Result<Reply>> run();

 private:
  // How a call stands between rounds.
  struct Progress {
    std::shared_ptr<Node> node;  // where it goes next; null: by its route
    bool asking = false;
    bool again = false;  // it takes part in the next round
    bool may_have_happened = false;
    std::uint8_t hops = 0, loads = 0;
    bool repeated = false;
  };
  // The calls of one round that go to one node.
  struct Leg {
    std::shared_ptr<Node> node;
    std::vector<std::size_t> calls;
    std::vector<std::size_t> starts, places;  // of each call: its first octet in the flush; its reply among all
    std::size_t commands = 0;
    std::unique_ptr<Node::Borrowed> connection;
  };

  void plan();
  std::shared_ptr<Node> target(std::size_t i);
  Leg& leg_to(std::shared_ptr<Node> node);
  void fly(Leg& leg);
  void borrow(Leg& leg);
  void send(Leg& leg);
  void encode(Leg& leg, std::string& out);
  void receive(Leg& leg);
  void judge(Leg& leg, const Connection::Received& received);
  void refuse(Leg& leg, const Error& error);
  void answer(Leg& leg, std::size_t i, const Reply& reply);
  bool redirect(Leg& leg, std::size_t i, std::string_view error, std::string_view code);
  void lose(Leg& leg, const char* why, std::size_t handed);
  void fail(std::size_t i, Error error);

  Router& router_;
  const std::span<const Call> calls_;
  const Deadline deadline_;
  const Lane lane_;
  std::vector<Progress> progress_;
  std::vector<Result<Reply>> results_;
  std::vector<Leg> legs_;
};

}  // namespace penstock::redis
