// How far the store had got, noted beside the database, so that one which has gone back is noticed.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include <penstock/plugin/backend.hpp>

#include "connection.hpp"

namespace penstock::sqlite {

// SQLite takes a log as far as its checksums hold and is silent about the rest: one damaged byte, or a
// log cut short, would undo commits that were acknowledged. The notes are made after a commit is durable,
// so they may lag, but never lead: a database that holds less than they say has lost something.
// They stand in the bell's page, shared by all processes. Thread: the writer's leader.
class Watermark {
 public:
  struct Notes {
    std::atomic<std::uint64_t> log, epoch, boot;  // 0: nothing noted
  };
  using Log = std::uint32_t;  // tells one run of the log from the next, which begins when all was copied

  Watermark(Notes& notes, const Options& options, bool fresh);  // fresh: a new database has no past
  Watermark(const Watermark&) = delete;
  Watermark& operator=(const Watermark&) = delete;
  ~Watermark();

  // Both throw Failure, data_regression. The first is for before SQLite opens the file.
  void check_files();
  void check_epoch(Epoch noted, Epoch there) const;
  Epoch noted_epoch() const noexcept { return notes_.epoch >> 1; }

  std::optional<Log> log();  // absent when there is none that can be read
  // After a commit: `frames` are in the log, which was `before` before it and must still be that.
  void note(std::optional<Log> before, std::int64_t frames, Epoch epoch);

 private:
  struct Header;
  std::optional<Header> header();
  void forget_log();
  std::int64_t sound_frames(const Header&, std::int64_t at_most);
  [[noreturn]] void refuse(const char* why) const;

  Notes& notes_;
  const Options& options_;
  int fd_ = -1;  // of the log, which carries no locks: closing it harms nobody
};

}  // namespace penstock::sqlite
