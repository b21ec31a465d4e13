#include "outbox/round.hpp"

#include <string>

#include "outbox/record.hpp"

namespace penstock::outbox {
namespace {

// Whether the call may succeed another time, with nothing changed in it.
bool passing(const Error& error) {
  switch (error.code) {
    case Errc::unavailable:
    case Errc::unknown_outcome:
    case Errc::resource_exhausted:
    case Errc::permission:
    case Errc::data_regression:
      return true;
    default:
      return error.retryable;
  }
}

// One round while it is under way.
class Mover {
 public:
  explicit Mover(const Send& send) : send_(send) {}

  void take(const std::vector<OutboxRow>& rows) {
    std::vector<Place> places;
    std::vector<NewTask> tasks;
    std::vector<Parcel> parcels;
    for (const OutboxRow& row : rows) {
      Result<Parcel> parcel = decode(row.task);
      if (!parcel) {
        refuse(row.n, parcel.error().message);
        continue;
      }
      places.push_back({row.n, parcel->keep_holder});
      tasks.push_back(parcel->task);
      parcels.push_back(std::move(parcel).value());
    }
    send(places, tasks);
  }

  std::vector<std::int64_t> moved;
  std::vector<OutboxRows::Refused> refused;
  std::optional<Error> trouble;

 private:
  struct Place {
    std::int64_t n;
    bool keep_holder;
  };

  void send(std::span<const Place> places, std::span<const NewTask> tasks) {
    if (trouble || tasks.empty()) return;
    Result<std::vector<Admission>> answer = send_(tasks);
    if (answer && answer->size() != tasks.size()) answer = Error{Errc::unavailable, "the store answered in part"};
    if (answer) {
      for (std::size_t i = 0; i < tasks.size() && !trouble; ++i) judge(places[i], tasks[i], (*answer)[i]);
    } else if (passing(answer.error())) {
      trouble = answer.error();
    } else if (tasks.size() == 1) {
      refuse(places[0].n, std::string(name(answer.error().code)) + ": " + answer.error().message);
    } else {
      std::size_t half = tasks.size() / 2;
      send(places.first(half), tasks.first(half));
      send(places.subspan(half), tasks.subspan(half));
    }
  }

  void judge(Place place, const NewTask& task, const Admission& admission) {
    const bool held = admission.what == Item::conflict && admission.id != task.key.id;  // its unique key
    const std::int64_t n = place.n;
    if (held && place.keep_holder) return moved.push_back(n);
    switch (admission.what) {
      case Item::ok:
      case Item::exists:
        moved.push_back(n);
        return;
      case Item::full:  // it would take it another time; what follows keeps its place behind it
        trouble = Error{Errc::resource_exhausted, "the queue is full", true};
        return;
      case Item::unknown:
        trouble = Error{Errc::unknown_outcome, "the server of the queue could not be reached", true};
        return;
      case Item::conflict:
        refuse(n, held ? "conflict: the unique key is held by " + to_text(admission.id)
                       : "conflict: the id is taken by a task with another content");
        return;
      default:
        refuse(n, "invalid: the store does not take it");
        return;
    }
  }

  void refuse(std::int64_t n, std::string reason) { refused.push_back({n, std::move(reason)}); }

  const Send& send_;
};

}  // namespace

Round relay_round(OutboxRows& rows, std::uint32_t batch, const Send& send) {
  Round round;
  Result<std::vector<OutboxRow>> read = rows.read(batch);
  if (!read) {
    round.trouble = read.error();
    return round;
  }
  round.read = read->size();
  Mover mover(send);
  mover.take(*read);
  round.trouble = std::move(mover.trouble);
  if (mover.moved.empty() && mover.refused.empty()) return round;
  if (Result<void> finished = rows.finish(mover.moved, mover.refused); !finished) {
    round.trouble = finished.error();  // the rows are there still, and are sent again
    return round;
  }
  round.moved = mover.moved.size();
  round.refused = mover.refused.size();
  round.reasons = std::move(mover.refused);
  return round;
}

}  // namespace penstock::outbox
