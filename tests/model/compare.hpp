// Answers of a backend beside those of the model: whether they are the same, and how they read.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock::model {

const char* name(State);
const char* name(Item);
TaskId task_id(int number);
std::string name(const TaskId&);  // "#7"

// Says which epoch of the backend stands for which of the model's, queue by queue.
class Epochs {
 public:
  void step();  // what is bound from now on must be above all that was bound before
  // False: the backend's epoch is not the one that stands for `ours`, or was used before. Only epochs
  // drawn in the same step may coincide: a store may give all tasks of one `move` the same.
  bool bind(std::string_view queue, Epoch ours, Epoch theirs);
  Epoch theirs(std::string_view queue, Epoch ours) const;

 private:
  struct Queue {
    std::map<Epoch, Epoch> theirs;
    Epoch before = 0, highest = 0;
  };
  std::map<std::string, Queue, std::less<>> queues_;
};

bool same(const Record& ours, const Record& theirs);  // but for the epoch and the order of gates
std::string text(const std::optional<Record>&);
std::string text(const Leased&);  // but for the epoch
std::string text(const std::vector<Item>&);
std::string text(const Extended&);
std::string text(const Counts&);
std::string text(const std::optional<Millis>&);
std::string text(const Limit&);
std::string text(const GateState&);  // but for the waiting flows
std::string in_quotes(std::string_view octets);

}  // namespace penstock::model
