// The relay's thread, and the turns that it and flush() take.
#include <algorithm>
#include <condition_variable>
#include <thread>

#include <penstock/manager.hpp>
#include <penstock/relay.hpp>

#include "base/guarded.hpp"
#include "manager/impl.hpp"
#include "outbox/round.hpp"

namespace penstock::impl {

constexpr Millis kFirstPause{50};

class Relay {
 public:
  Relay(std::shared_ptr<Manager> manager, std::unique_ptr<OutboxRows> rows, const RelayOptions& options)
      : manager_(std::move(manager)), rows_(std::move(rows)), options_(options) {
    options_.batch = std::clamp(options_.batch, 1u, std::max(1u, manager_->properties().max_batch));
    options_.poll = std::max(options_.poll, Millis(1));
    options_.longest_pause = std::max(options_.longest_pause, kFirstPause);
  }

  void start() {
    if (thread_.joinable()) return;
    state_.lock()->stopping = false;
    thread_ = std::thread([this] { work(); });
  }

  void stop() {
    if (!thread_.joinable()) return;
    state_.lock()->stopping = true;
    wake_.notify_all();
    thread_.join();
  }

  void notify() noexcept {
    state_.lock()->told = true;
    wake_.notify_all();
  }

  std::uint64_t flush() {
    std::uint64_t out = 0;
    while (true) {
      outbox::Round r = round();
      out += r.moved + r.refused;
      if (r.trouble) throw Exception(*r.trouble);
      if (r.read == 0) return out;
    }
  }

  RelayStats stats() { return state_.lock()->stats; }

 private:
  struct State {
    bool busy = false;  // somebody has the rows
    bool told = false, stopping = false;
    RelayStats stats;
  };

  // Reads and moves one batch. The rows are one caller's at a time; no lock is held meanwhile.
  outbox::Round round() {
    take_turn();
    outbox::Send send = [this](std::span<const NewTask> tasks) { return manager_->enqueue_relayed(tasks); };
    Result<outbox::Round> done =
        guard([&]() -> Result<outbox::Round> { return outbox::relay_round(*rows_, options_.batch, send); });
    outbox::Round r = done ? std::move(done).value() : outbox::Round{.trouble = done.error()};
    for (const OutboxRows::Refused& row : r.reasons) {
      manager_->log(Level::error, "outbox: row " + std::to_string(row.n) + " is set aside: " + row.reason);
    }
    note(r.trouble);
    auto state = state_.lock();
    ++state->stats.reads;
    state->stats.moved += r.moved;
    state->stats.refused += r.refused;
    give_turn(state);
    return r;
  }

  bool changed() {
    take_turn();
    Result<bool> answer = rows_->changed();
    auto state = state_.lock();
    ++state->stats.looks;
    give_turn(state);
    return !answer || *answer;  // what is wrong, the round that follows will say
  }

  void take_turn() {
    auto state = state_.lock();
    turn_.wait(state.native(), [&] { return !state->busy; });
    state->busy = true;
  }

  void give_turn(base::Guarded<State>::Locked& state) {
    state->busy = false;
    turn_.notify_one();
  }

  // One line when trouble begins, and one when it is over.
  void note(const std::optional<Error>& trouble) {
    std::optional<Error> before = std::exchange(state_.lock()->stats.trouble, trouble);
    if (trouble && !before) manager_->log(Level::warn, "outbox: rows wait: " + trouble->message);
    if (!trouble && before) manager_->log(Level::info, "outbox: rows move again");
  }

  void work() {
    Millis pause = kFirstPause;
    bool look = true;
    while (!state_.lock()->stopping) {
      if (look) {
        outbox::Round r = round();
        if (r.trouble) {
          wait(pause);
          pause = std::min(pause * 2, options_.longest_pause);
          continue;
        }
        pause = kFirstPause;
        if (r.read > 0) continue;  // until there is nothing
      }
      look = wait(options_.poll) || changed();
    }
  }

  // Waits until notified, which it answers with true, or until the time is up.
  bool wait(Millis at_most) {
    auto state = state_.lock();
    wake_.wait_for(state.native(), at_most, [&] { return state->told || state->stopping; });
    return std::exchange(state->told, false);
  }

  std::shared_ptr<Manager> manager_;
  std::unique_ptr<OutboxRows> rows_;
  RelayOptions options_;
  base::Guarded<State> state_;
  std::condition_variable turn_, wake_;
  std::thread thread_;
};

}  // namespace penstock::impl

namespace penstock {

OutboxRelay::OutboxRelay(TaskManager& tasks, std::unique_ptr<OutboxRows> rows, const RelayOptions& options)
    : impl_(std::make_unique<impl::Relay>(tasks.impl_, std::move(rows), options)) {}
OutboxRelay::~OutboxRelay() { stop(); }
void OutboxRelay::start() { impl_->start(); }
void OutboxRelay::stop() { impl_->stop(); }
void OutboxRelay::notify() noexcept { impl_->notify(); }
std::uint64_t OutboxRelay::flush() { return impl_->flush(); }
RelayStats OutboxRelay::stats() const { return impl_->stats(); }

}  // namespace penstock
