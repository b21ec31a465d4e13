// The relay of an outbox: moves tasks from rows of the user's own database into the backend.
//
// An outbox makes an enqueue part of the user's own transaction: the task is written as a row beside
// the user's data, and comes and goes with the transaction. The relay sends each row to the backend
// under the id that it was given when it was written, and takes it out once the backend has accepted
// it. penstock/outbox.hpp is the outbox in a SQLite file; for another database, implement the two
// interfaces below.
//
// What the relay promises:
//  - A row goes only after the backend has accepted its task, under the backend's durability level.
//    Whatever dies between the two, the row is sent again, and the backend answers `exists`: the task
//    is there once. That holds for as long as the backend remembers ended ids
//    (Properties::remembers_ids): a relay that comes back later than that may run a task again.
//  - Several relays on one outbox, in one process or many, do no harm: each task is accepted once.
//  - Rows are accepted in the order in which they were written.
//  - A row that the backend will never take (it cannot be read, its id is taken by another content,
//    it asks for what the store does not offer) is set aside with the reason; the others go on.
//  - While the backend or the database cannot be reached, rows stay, and the relay tries again after
//    a pause that grows from 50 ms up to RelayOptions::longest_pause.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <penstock/error.hpp>
#include <penstock/task.hpp>

namespace penstock {

class TaskManager;
namespace impl {
class Relay;
}

// One task in an outbox. `task` holds all that the backend will need; the other fields are copies for
// people who look into the table.
struct OutboxRow {
  std::int64_t n = 0;  // the place in the order of writing, never used twice; given by the database
  TaskId id;
  std::string queue, kind;
  std::string task;
};

// Where TaskManager::enqueue_drafts leaves tasks that are to go through an outbox.
class OutboxWriter {
 public:
  virtual ~OutboxWriter() = default;
  // Writes the rows, in order, within the user's transaction; `n` is not set. An error says that none
  // of them counts.
  virtual Result<void> write(std::span<const OutboxRow> rows) = 0;
};

// The rows as the relay reaches them, over a connection of its own. Thread: the relay calls one method
// at a time.
class OutboxRows {
 public:
  struct Refused {
    std::int64_t n = 0;
    std::string reason;
  };
  virtual ~OutboxRows() = default;
  // The oldest committed rows, at most `at_most`, by rising `n`; none when there are none. No transaction
  // is left open.
  virtual Result<std::vector<OutboxRow>> read(std::uint32_t at_most) = 0;
  // Takes out the `moved` rows and sets the `refused` ones aside, in one transaction. Rows that are
  // gone already are passed over.
  virtual Result<void> finish(std::span<const std::int64_t> moved, std::span<const Refused> refused) = 0;
  // Whether anything may have been committed by others since the last read began. Called between
  // reads, every RelayOptions::poll, so it should be cheap.
  virtual Result<bool> changed() = 0;
};

struct RelayOptions {
  std::uint32_t batch = 128;  // rows per round trip; no more than the backend's max_batch
  // How late a commit is noticed of which nobody called notify(): the database is looked at this often.
  Millis poll{250};
  Millis longest_pause{5'000};  // between attempts while the backend or the database is away
};

struct RelayStats {
  std::uint64_t moved = 0;             // rows that the backend had accepted when they were taken out
  std::uint64_t refused = 0;           // rows set aside
  std::uint64_t reads = 0, looks = 0;  // of rows; of OutboxRows::changed()
  std::optional<Error> trouble;        // what keeps rows from moving now
};

class PENSTOCK_API OutboxRelay {
 public:
  // Moves rows into the backend of `tasks`, which outlives the relay. Starts no thread.
  OutboxRelay(TaskManager& tasks, std::unique_ptr<OutboxRows> rows, const RelayOptions& options = {});
  ~OutboxRelay();  // stop()
  OutboxRelay(const OutboxRelay&) = delete;
  OutboxRelay& operator=(const OutboxRelay&) = delete;

  // Moves rows on a thread of the relay's own until stop(), which waits for the round under way. Both
  // are idempotent; a relay that was stopped can be started again. Thread: one at a time.
  void start();
  void stop();

  // Says that a transaction with tasks was committed, so that they are moved at once. Thread: any.
  // Never needed for safety: without it, and for commits of other processes, RelayOptions::poll is the
  // delay.
  void notify() noexcept;

  // Moves everything that is there now, on the calling thread, and returns how many rows were taken
  // out. Throws Exception: what keeps rows from moving. Thread: any.
  std::uint64_t flush();

  RelayStats stats() const;  // Thread: any

 private:
  std::unique_ptr<impl::Relay> impl_;
};

}  // namespace penstock
