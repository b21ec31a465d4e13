// Flows of tasks that pass gates. See lines.hpp.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "seats.hpp"

namespace penstock::sqlite {

struct Gate;

// A row of penstock_flow: ready tasks that have a fair key and a set of gates in common.
struct Flow {
  std::int64_t id = 0, q = 0;
  std::string name;           // traits.hpp
  std::int64_t seat = 0;      // where it stands; 0: nowhere, it has no ready tasks
  bool counted = false;       // its gates keep room for it
  Head head;                  // its best task
  std::int64_t since = 0;     // the turn at which it began to wait
  std::vector<Gate*> passes;  // in order of their names, once Lines has looked them up

  bool stored = false, changed = false;
};

// The flows that a transaction deals with: loaded when first needed, written back once.
class Flows {
 public:
  explicit Flows(Statements& sql) : sql_(sql) {}

  Flow& at(std::int64_t q, std::string_view name);
  Flow& get(std::int64_t id);
  std::vector<std::pair<Head, Flow*>> first(std::int64_t seat, bool counted, std::size_t most);  // as written
  std::vector<Flow*> of_key(std::int64_t q, std::string_view key, int most);  // as written
  void touch(Flow&);
  void save();

 private:
  Flow& read(Use&);

  Statements& sql_;
  std::deque<Flow> flows_;
  std::unordered_map<std::int64_t, Flow*> by_id_;
  std::map<std::pair<std::int64_t, std::string>, Flow*, std::less<>> by_name_;
  std::vector<Flow*> changed_;
  Numbers numbers_;
};

}  // namespace penstock::sqlite
