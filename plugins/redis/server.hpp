// What is run on the server, and what it is known to promise.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/plugin.hpp>
#include <penstock/plugin/time.hpp>

#include "client.hpp"
#include "scripts.hpp"
#include "words.hpp"

namespace penstock::redis {

struct StoreOptions {
  std::string prefix = "penstock";
  Millis timeout{5000};        // of a call, at the most
  Millis remember{10'000};     // ids of ended tasks
  std::uint64_t max_body = 0;  // of body and note
  std::uint32_t replicas = 0;  // that must have a change before it counts as done; 0: none
};

// The values that scripts have answered, one after the other.
class Answers {
 public:
  explicit Answers(std::vector<Reply> replies) : replies_(std::move(replies)) {}
  std::string_view text() { return next().text(); }
  std::int64_t integer() { return next().integer(); }
  Reply next() {
    while (at_ == replies_[reply_].size() && reply_ + 1 < replies_.size()) ++reply_, at_ = 0;
    return replies_[reply_][at_++];
  }

 private:
  std::vector<Reply> replies_;
  std::size_t reply_ = 0, at_ = 0;
};

// Thread: any, many at once.
class Server {
 public:
  // `time`: null, or what stands for the server's clock.
  Server(Options, StoreOptions, TimeSource* time);

  const StoreOptions& options() const noexcept { return options_; }
  bool cluster() const noexcept { return client_.options().cluster; }
  const Scripts& scripts() const noexcept { return scripts_; }
  Client& client() noexcept { return client_; }

  std::string key(std::string_view queue) const { return "{" + options_.prefix + ":" + std::string(queue) + "}"; }
  std::string shared(std::string_view what) const { return "{" + options_.prefix + "}:" + std::string(what); }
  const std::string& channel() const noexcept { return channel_; }

  // One run of a script.
  struct Run {
    const Script& script;
    std::vector<std::string> keys;
    Words words;
    bool writes = true;
  };
  Words words();  // with what every script is told first
  // Of a call that begins now, for all that it sends.
  Deadline deadline() const noexcept { return Clock::now() + options_.timeout; }
  // Runs them in one flush, each by itself.
  std::vector<Result<Reply>> run(std::span<Run> runs, Deadline, Lane lane = Lane::calls);
  Result<Reply> run(Run run, Deadline, Lane lane = Lane::calls);
  Result<Reply> command(std::initializer_list<std::string_view> words, Deadline, bool repeatable = false);

  // Queues that may be there, by name.
  Result<std::vector<std::string>> queues(Deadline);
  // To be called before anything is put into a queue: others shall find it, and what holds for all goes for it as well.
  // The server is asked once a minute, and (`again`) when the store seems to have lost the name.
  enum class Enrolled : std::uint8_t { remembered, known };
  Result<Enrolled> enroll(std::string_view queue, Deadline, bool again = false);
  // The same for one that has tasks: its name may be lost, and those who put them in may be gone. In vain: not again
  // for a minute.
  void renew(std::string_view queue, Deadline);
  // Of what goes along with a call that can do without it: it leaves the call most of its time.
  Deadline beside(Deadline end) const noexcept { return std::min(end, Clock::now() + options_.timeout / 8); }
  // What a queue is told of the hold of all. `ms`: as lua/gate.lua takes it. `instead`: of any that it was told of
  // before, which may be a longer one.
  Run hold_of_all(std::string_view queue, std::string_view ms, bool instead = false);
  // The hold of all: sets it, or (`ms` empty) only asks. As lua/all.lua answers. A name alone is not waited for: what
  // is put into the queue then comes to the replicas after it.
  Run all(std::string_view ms, std::string_view queue = {});

  Millis now() const;  // of a clock that never jumps, or of the tests' own

 private:
  const StoreOptions options_;
  TimeSource* const time_;
  const Scripts scripts_;
  const std::string channel_, queues_key_;
  Client client_;
  std::mutex mutex_;
  struct Name {
    Millis asked{};
    bool known = false;
    bool in_doubt = false;  // it may have been told of a hold that is over
  };
  std::optional<Error> pass_on(std::string_view queue, Reply held, bool in_doubt, Deadline);
  bool fresh(const Name& name) const {
    return now() < name.asked + (name.in_doubt ? std::chrono::seconds(1) : std::chrono::minutes(1));
  }
  std::map<std::string, Name, std::less<>> names_;  // of queues
};

// Changes, some of which may have been done.
Error half_done(const Error& why);

}  // namespace penstock::redis
