#include "torture/soak/side.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <map>
#include <optional>
#include <sys/prctl.h>
#include <unistd.h>

#include "torture/child.hpp"
#include "torture/shared.hpp"
#include "torture/soak/flat.hpp"
#include "torture/soak/ground.hpp"
#include "torture/soak/producer.hpp"
#include "torture/soak/worker.hpp"

namespace penstock::torture {
namespace {

using Clock = Census::Clock;
using std::chrono::seconds;

constexpr std::size_t kWorkers = 3;  // the first is never killed: what it takes is measured

std::unique_ptr<Ground> ground_of(const std::string& backend, const Surroundings& around) {
  if (backend == "memory") return memory_ground(around);
  if (backend == "sqlite") return sqlite_ground(around);
  return redis_ground(around);
}

class Side {
 public:
  explicit Side(const Soak& soak)
      : soak_(soak),
        path_(scratch_.fresh("ring") + "/ring"),
        ring_(Shared<Ring>::As::made, path_),
        random_(soak.seed),
        ground_(ground_of(soak.backend, {scratch_, *ring_, random_, [this](Millis time) { wait(time); }})),
        tasks_(TaskManager::open(ground_->options())),
        flat_(soak.seconds),
        verdict_("soak_faults") {}

  bool run() {
    try {
      live();
    } catch (const std::exception& e) {
      verdict_.add(e, "soak --backend " + soak_.backend + " --seconds " + std::to_string(soak_.seconds) + " --seed " +
                          std::to_string(soak_.seed) + " (the seed fixes what is done, not who comes first)");
    }
    return report();
  }

 private:
  void live() {
    employ();
    watch();
    producer_.emplace(tasks_, *ring_, soak_.rate, soak_.seed);
    soak();
    producer_->finish();
    dismiss();
    check_audit(tasks_.backend());
    whole_ = true;
  }

  void employ() {
    if (ground_->has_workers()) {
      for (std::size_t i = 0; i < kWorkers; ++i) workers_.push_back(worker());
    } else {
      work_on(tasks_, *ring_);
      tasks_.start();
    }
  }
  Child worker() const {
    std::vector<std::string> words{"--worker", path_};
    for (std::string& word : ground_->place().words()) words.push_back(std::move(word));
    return Child(std::move(words));
  }

  void watch() {
    flat_.watch("the producer", getpid(), ground_->spare_descriptors());
    if (!workers_.empty()) flat_.watch("a worker", workers_[0].pid(), 8);
    for (const Ground::Size& size : ground_->sizes()) flat_.watch_store(size.what, size.allowed);
  }

  // A fault every 10 s and all invariants every 30 s; in short runs more often.
  void soak() {
    const seconds period(std::clamp<std::uint64_t>(soak_.seconds / 30, 2, 10));
    std::vector<Misfortune> misfortunes = ground_->misfortunes(tasks_);
    if (!workers_.empty()) {
      misfortunes.push_back({"kills", [this] { kill_one(); }});
      misfortunes.push_back({"stops", [this] { stop_one(); }});
    }
    const auto start = Clock::now(), end = start + seconds(soak_.seconds);
    auto fault = start + period, audit = start + 3 * period;
    for (auto next = start; next < end && !producer_->failed(); next = std::max(next + seconds(1), Clock::now())) {
      producer_->wait(next);
      flat_.sample(ground_->measure(tasks_));
      if (next >= audit) check_audit(tasks_.backend()), ++audits_, audit += 3 * period;
      if (next < fault) continue;
      const Misfortune& m = misfortunes[random_() % misfortunes.size()];
      m.strike();
      ++verdict_.faults, ++struck_[m.name];
      fault += period;
    }
  }

  void kill_one() {
    Child& one = workers_[1 + random_() % (kWorkers - 1)];
    one.kill();
    if (const End end = one.wait(); !end.killed())
      throw Violation(Harm::stuck, "a worker " + end.text() + ": " + ring_->complaint.text());
    one = worker();
  }
  void stop_one() {
    const Child& one = workers_[random_() % kWorkers];
    one.send(SIGSTOP);
    wait(kPastTheLease);
    one.send(SIGCONT);
  }

  void dismiss() {
    ring_->stop.raise();
    for (Child& one : workers_) {
      if (const End end = one.wait(); !end.well())
        throw Violation(Harm::stuck, "a worker " + end.text() + ": " + ring_->complaint.text());
    }
    if (!tasks_.stop_graceful(seconds(20))) throw Violation(Harm::stuck, "the manager did not stop");
  }

  void wait(Millis time) { producer_->wait(Clock::now() + time); }

  bool report() {
    std::string faults;
    for (const auto& [name, times] : struck_)
      faults += (faults.empty() ? "" : ", ") + std::to_string(times) + " " + name;
    const bool flat = whole_ && flat_.judge(soak_.backend, seconds(soak_.seconds));
    if (whole_) {
      const Census& c = producer_->census();
      verdict_.also["soak_tasks"] = c.accepted;
      std::cout << soak_.backend + ": " + std::to_string(soak_.seconds) + " s, " + std::to_string(c.accepted) +
                       " tasks accepted, " + std::to_string(c.refused) + " refused, " + std::to_string(ring_->runs) +
                       " runs, " + std::to_string(c.runs_again) + " of them again, " +
                       std::to_string(ring_->lost_leases) + " leases lost, " +
                       std::to_string(tasks_.metrics().exchange_errors) + " exchanges failed here, longest wait " +
                       std::to_string(std::chrono::duration_cast<Millis>(c.longest).count()) + " ms, " +
                       std::to_string(c.unseen) + " ends not seen; " + std::to_string(verdict_.faults) + " faults (" +
                       faults + "), " + std::to_string(audits_) + " audits\n"
                << std::flush;
    }
    return verdict_.report(soak_.backend) && flat;
  }

  const Soak soak_;
  const Scratch scratch_{Scratch::On::memory};
  const std::string path_;
  const Shared<Ring> ring_;
  std::mt19937_64 random_;
  const std::unique_ptr<Ground> ground_;
  std::vector<Child> workers_;
  TaskManager tasks_;
  std::optional<Producer> producer_;  // from here on: `soak()` only
  Flatness flat_;
  Verdict verdict_;
  std::map<std::string, std::uint64_t> struck_;
  std::uint64_t audits_ = 0;
  bool whole_ = false;  // it got to its end
};

}  // namespace

std::vector<std::string> Soak::words() const {
  return {backend, std::to_string(seconds), std::to_string(rate), std::to_string(seed)};
}

Soak Soak::of(char** words) {
  const auto number = [&](int i) { return std::strtoull(words[i], nullptr, 10); };
  return {words[0], number(1), number(2), number(3)};
}

int be_soak_side(const Soak& soak) try {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return Side(soak).run() ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << soak.backend << ": " << e.what() << "\n";
  return 2;
}

}  // namespace penstock::torture
