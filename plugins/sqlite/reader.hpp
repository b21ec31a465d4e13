// What can be looked at: reads on a connection of their own, which never waits for a writer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "../shared/turns.hpp"
#include "clock.hpp"
#include "connection.hpp"
#include "error.hpp"
#include "identity.hpp"

namespace penstock::sqlite {

// Every read sees all that was committed before it was asked for. Thread: any.
class Reader {
 public:
  Reader(const Options& options, const Clock& clock, Identity& identity);  // throws Failure
  ~Reader();

  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey>);
  Result<std::vector<Counts>> counts();
  Result<std::vector<GateState>> gates(std::string_view queue);
  Result<std::vector<Document>> documents(std::string_view prefix);
  Result<std::vector<std::pair<TaskId, Record>>> list(const Filter&, std::string& next);

 private:
  struct Session;
  struct Request;
  template <class T, class F>
  Result<T> ask(F&& f);
  void lead(std::span<Request* const> group) noexcept;

  const Options& options_;
  const Clock& clock_;
  Identity& identity_;
  std::unique_ptr<Session> session_;  // the leader's
  shared::Turns<Request> turns_;
};

}  // namespace penstock::sqlite
