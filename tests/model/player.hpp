// Plays a sequence against a backend and the model side by side, on one clock, and compares the
// answer of every call and the whole state after it.
#pragma once

#include <deque>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/compare.hpp"
#include "model/coverage.hpp"
#include "model/model.hpp"
#include "model/ops.hpp"
#include "model/subject.hpp"

namespace penstock::model {

struct Divergence {
  std::size_t op = 0;  // index of the step
  std::string what;
};

struct Diverged : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline constexpr Epoch kUnknownEpoch = UINT64_MAX;

class Player {
 public:
  // With `trace`, one line is written for each step.
  Player(Subject& subject, Observer observer, std::ostream* trace = nullptr);
  std::optional<Divergence> play(const Sequence&);

 private:
  struct Key {
    std::string queue;
    int id = 0;
    Epoch epoch = 0;  // as handed out, in the model's numbers
    friend bool operator==(const Key&, const Key&) = default;
  };

  void step(const Op&);
  void enqueue(const Op&);
  void exchange(const Op&);
  void cancel(const Op&);
  void trim(const Op&);
  void put(const Op&);
  void list(const Op&);
  void move(const Op&);
  void limit(const Op&);
  void hold(const Op&);

  NewTask resolve(const Job&, const std::string& queue, int number);
  void flow(const Job&, NewTask&);
  int number(const Job&, int& fresh) const;
  Key resolve(const Target&) const;
  Epoch resolve(const Say&, const Key&);
  std::vector<TaskKey> resolve(const Op&, std::vector<Key>& storage) const;
  Document document(const Op&);
  void sent(const std::string& queue, int id);
  void compare(const Exchange&, const Exchanged& ours, const Exchanged& theirs, const Answer&);
  void observe(const Exchange&, const Exchanged&);
  void compare_leased(const Exchanged& ours, const Exchanged& theirs, const Answer&);
  void compare_state();
  void audit();
  void compare_tasks();
  void compare_documents(Registry&);
  void compare_gates(Gates&);
  std::vector<std::optional<Record>> get(const std::vector<TaskKey>&);
  std::vector<TaskKey> everything() const;

  Now now() { return subject_.now(); }
  DurableBackend& backend() { return subject_.backend(); }
  bool has(Feature f) const { return (properties_.features & f) != 0; }
  void expect(const std::string& what, const std::string& ours, const std::string& theirs) const;
  template <class T, class U>
  bool both(const char* what, const Result<T>& ours, const Result<U>& theirs) const;
  void say(const std::string& text);
  void seen(const std::string& what) const {
    if (observer_) observer_(what);
  }

  Subject& subject_;
  Properties properties_;
  Observer observer_;
  Model model_;
  std::ostream* trace_;
  std::string line_;
  Epochs epochs_;
  std::map<std::string, std::vector<std::uint64_t>> revisions_;  // theirs, by ours - 1
  std::vector<Key> sent_, leased_, batches_;
  std::deque<std::vector<std::string_view>> gates_;  // what the tasks of a call point to
  int fresh_ = 0;
  bool key_times_ = false;  // a unique key was taken for a time: a clock set back may or may not bring it back
  bool plain_ = true;       // the call has no other fault: of two faults a store may name either
};

}  // namespace penstock::model
