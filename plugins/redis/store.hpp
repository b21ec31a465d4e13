// backend.hpp's calls as runs of scripts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "../shared/turns.hpp"
#include "bell.hpp"
#include "server.hpp"

namespace penstock::redis {

// The items of a batch by queue, in the order in which queues come up.
class ByQueue {
 public:
  // The group of a queue; consecutive equal names cost one comparison.
  std::size_t group(std::string_view queue) {
    if (last_ < names_.size() && names_[last_] == queue) return last_;
    for (last_ = 0; last_ < names_.size(); ++last_) {
      if (names_[last_] == queue) return last_;
    }
    names_.push_back(queue);
    return last_;
  }
  const std::vector<std::string_view>& names() const noexcept { return names_; }

 private:
  std::vector<std::string_view> names_;
  std::size_t last_ = 0;
};

// Thread: any, many at once. Calls may throw (out of memory).
class Store {
 public:
  // `host` is told when some servers of several could not be reached.
  Store(Server& server, Bell& bell, Host& host) : server_(server), bell_(bell), host_(host) {}

  Result<Exchanged> exchange(const Exchange&, Deadline);
  Result<std::vector<Admission>> enqueue(std::span<const NewTask>, const Guard*);
  Result<std::vector<Item>> cancel(std::span<const TaskKey>);
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey>);
  Result<std::vector<Counts>> counts();
  Result<std::uint64_t> trim(const Retention&);

  Result<std::vector<std::pair<TaskId, Record>>> list(const Filter&, std::string& next);
  Result<std::vector<Item>> move(std::span<const TaskKey>, State from, State to, Millis delay);

  Result<std::vector<Document>> documents(std::string_view prefix);
  Result<std::uint64_t> put(const Document&);

  Result<void> limit(std::string_view queue, std::string_view gate, Layer, const Limit*);
  Result<void> hold(std::string_view queue, std::string_view gate, Millis at_most);
  Result<std::vector<GateState>> gates(std::string_view queue);

 private:
  std::uint64_t max_body() const noexcept { return server_.options().max_body; }
  bool one_call() const noexcept { return !server_.cluster(); }
  Result<void> hold_all(Millis at_most, Deadline);

  struct Trade;  // exchange.cpp
  std::optional<Error> trade(Trade&, Deadline);
  void claim_more(Trade&, Deadline);
  void mark_begun(Trade&, Deadline);
  // The error of the call as a whole, if it has one; else some were reached, and the others are told to the host.
  std::optional<Error> failure_of(std::span<const Result<Reply>> answers);

  // enqueue.cpp
  struct Putting : shared::Turns<Putting>::Ticket {  // one caller's tasks
    Putting(std::span<const NewTask> t, const Guard* g, Deadline e) : tasks(t), guard(g), end(e) {}
    const std::span<const NewTask> tasks;
    const Guard* const guard;  // of a caller who shares nothing
    const Deadline end;
    Result<std::vector<Admission>> answers = std::vector<Admission>();
  };
  struct Plan {  // what one script does: the tasks of some callers, by queue; in a Cluster, one for each queue
    struct Place {
      const NewTask* task;
      Admission* answer;
    };
    ByQueue queues;
    std::vector<std::vector<Place>> parts;
    std::vector<Putting*> callers;
    std::size_t tasks = 0, runs = 0;
    bool remembered = false;  // some queue was not asked about, only remembered

    void add(Putting& caller, std::uint64_t max_body);
    void fail(const Error& error);
  };
  void put_all(std::span<Putting* const> callers) noexcept;
  void run(std::span<Plan> plans, Deadline);
  std::optional<Error> enroll(Plan&, Deadline, bool again = false);
  void send_again(Plan&, std::span<Result<Reply>> answers, Deadline);
  Server::Run script(const Plan&, std::size_t from, std::size_t to);
  void read(Plan&, std::span<Result<Reply>> answers, Bell::Rings& rings);
  static void read_part(std::span<const Plan::Place> places, std::string_view items, std::string_view holders);

  template <class Words>
  Result<std::vector<Item>> each(std::span<const TaskKey>, const Script&, Words words);

  Server& server_;
  Bell& bell_;
  Host& host_;
  shared::Turns<Putting> turns_;
};

}  // namespace penstock::redis
