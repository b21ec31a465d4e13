// The one writing connection of a backend: many callers, one transaction, one sync of the disk.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include "../shared/turns.hpp"
#include "identity.hpp"
#include "reserve.hpp"
#include "transaction.hpp"
#include "watermark.hpp"

namespace penstock::sqlite {

// Thread: any. Whoever calls while nobody writes leads: all requests that have queued run in one
// transaction and share its commit. A request that fails undoes the transaction; each is then run alone.
class Writer {
 public:
  enum class Need : bool { nothing, space };  // whether the request makes the store grow: then it is the first refused

  Writer(Host&, const Options&, const Clock&, Bell&, Reserve&, Watermark&, Identity&);  // throws Failure
  ~Writer();

  // Runs `f(Transaction&)`, a Result<T>, and commits.
  template <class T, class F>
  Result<T> ask(Need need, F&& f) {
    struct Question final : Request {
      Question(Need n, F& what) : Request(n), f(what) {}
      void work(Transaction& t) override { answer.emplace(f(t)); }
      F& f;
      std::optional<Result<T>> answer;
    } question(need, f);
    turns_.take(
        question, patience(), [this](auto group) { lead(group); }, [this] { tidy(step_); });
    if (question.failed) return *std::move(question.failed);
    return *std::move(question.answer);
  }

  // To be called when there is nothing else to do: a checkpoint that would soon hold somebody up is made now.
  void rest() noexcept;
  std::string durability();  // what the connection's settings give; before the first request only
  std::uint64_t commits() const noexcept { return commits_; }  // for tests: how many transactions there were

 private:
  struct Session;
  struct Request : shared::Turns<Request>::Ticket {
    explicit Request(Need n) : need(n) {}
    virtual void work(Transaction&) = 0;
    Need need;
    std::optional<Error> failed;

   protected:
    ~Request() = default;
  };
  enum class Outcome { done, failed, undone, full };  // undone, full: nothing happened, a part of it may yet

  void lead(std::span<Request* const> group) noexcept;
  void alone(Request& request, Outcome before) noexcept;
  Outcome attempt(std::span<Request* const> group) noexcept;
  void perform(std::span<Request* const> group, Transaction& transaction);
  void roll_back(bool reopen) noexcept;
  void open();
  void tidy(std::int64_t most_frames) noexcept;
  void commit();
  // How long it is worth to wait for company in a commit: as long as half a sync of the disk takes.
  std::chrono::nanoseconds patience() const noexcept { return std::chrono::nanoseconds(sync_ / 2); }
  void checkpoint();

  Host& host_;
  const Options& options_;
  const Clock& clock_;
  Bell& bell_;
  Reserve& reserve_;
  Watermark& watermark_;
  Identity& identity_;
  std::int64_t step_ = 0;             // frames in the WAL that call for a checkpoint
  std::unique_ptr<Session> session_;  // this and what follows is the leader's
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::int64_t> sync_{0};  // nanoseconds of a commit, on average, when it syncs the disk
  shared::Turns<Request> turns_;
};

}  // namespace penstock::sqlite
