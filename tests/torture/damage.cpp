// Damaged files (S11): bytes changed anywhere, cuts at any length, files of others, a log that is gone or
// is not this file's. No damage ends the process; none makes the store look empty; a log of which a part
// has become unreadable is not passed over in silence.
#include <fstream>
#include <iostream>
#include <random>

#include "torture/child.hpp"
#include "torture/complaint.hpp"
#include "torture/folder.hpp"
#include "torture/ledger.hpp"
#include "torture/operations.hpp"
#include "torture/options.hpp"
#include "torture/raw_sqlite.hpp"
#include "torture/shared.hpp"
#include "torture/sweep.hpp"

namespace penstock::torture {
namespace {

constexpr int kTasks = 190;

// What became of a damaged store. `altered`, `hidden`: a body is another, or a task cannot be found, and
// SQLite, which keeps no checksums of the pages of its file, cannot tell.
enum class Fate : std::uint32_t { refused, reported, unharmed, altered, hidden, harmful };
constexpr const char* kFates[] = {"refused at start",
                                  "reported by a call",
                                  "without effect",
                                  "bodies altered unseen",
                                  "tasks altered or hidden unseen",
                                  "HARMFUL"};

struct Tally {
  std::atomic<std::uint64_t> at;  // the case under way
  std::array<std::atomic<std::uint64_t>, std::size(kFates)> fates;
  Harm harm = Harm::corrupt;
  Complaint complaint;
};

struct Files {
  std::string db, wal, bell;
};

struct Damage {
  std::string name;
  std::function<void(Files&)> apply;
  bool may_hide = false;  // tasks that can no longer be found are no fault of ours
};

std::string load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void save(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// A store that is damaged, looked at, and made anew.
class Subject {
 public:
  Subject(const std::string& folder, const Files& healthy, Tally& tally)
      : place_{folder, ""}, healthy_(healthy), tally_(tally) {
    time_.advance(Millis(10));
    write(healthy_);
    const auto store = open_store(place_, host_);
    const auto facts = read(*store, kTasks);
    if (!facts) throw std::runtime_error(facts.error().message);
    truth_ = *facts;
  }

  void meet(const Damage& damage) {
    Files files = healthy_;
    damage.apply(files);
    write(files);
    ++tally_.fates[static_cast<std::size_t>(look(damage))];
  }

 private:
  void write(const Files& files) const {
    fs::remove_all(place_.folder);
    fs::create_directory(place_.folder);
    save(place_.file(), files.db);
    if (!files.wal.empty()) save(place_.file() + "-wal", files.wal);
    if (!files.bell.empty()) save(place_.file() + "-bell", files.bell);
  }

  Fate look(const Damage& damage) {
    const auto store = create_store(place_, host_);
    if (!store) return told(damage, store.error(), Fate::refused);
    Facts found;
    try {
      const auto facts = read(**store, kTasks);
      if (!facts) return told(damage, facts.error(), Fate::reported);
      found = *facts;
    } catch (const Violation&) {  // a body that is not the task's
      return Fate::altered;
    }
    const Share claim[] = {{kQueues[0], 5}, {kQueues[1], 5}, {kQueues[2], 5}};
    const auto claimed = (*store)->exchange({.claim = claim, .limit = 10, .lease = Millis(1000), .worker = "d"});
    if (!claimed) return told(damage, claimed.error(), Fate::reported);
    if (found == truth_) return Fate::unharmed;
    if (found.empty()) return complain(damage, Harm::lost, "looks empty");
    std::size_t missing = 0;
    for (const auto& [task, fact] : truth_) missing += !found.contains(task);
    if (damage.may_hide) return Fate::hidden;
    return complain(damage, Harm::lost, std::to_string(missing) + " tasks are gone in silence, or others changed");
  }

  // One line, with the file's name and a code that says whose fault it is.
  Fate told(const Damage& damage, const Error& e, Fate fate) {
    const bool clear = e.message.find('\n') == e.message.npos && e.message.find(place_.file()) != e.message.npos;
    const bool code = e.code == Errc::data_regression ||
                      (fate == Fate::refused && (e.code == Errc::invalid || e.code == Errc::unsupported));
    if (clear && code) return fate;
    return complain(damage, Harm::corrupt, std::string("is told unclearly: ") + name(e.code) + ": " + e.message);
  }
  Fate complain(const Damage& damage, Harm harm, const std::string& what) {
    if (tally_.complaint.empty()) {
      tally_.complaint.say(damage.name + ": " + what);
      tally_.harm = harm;
    }
    return Fate::harmful;
  }

  const Place place_;
  const Files& healthy_;
  Tally& tally_;
  testing::ManualTime time_;
  testing::TestHost host_{&time_};
  Facts truth_;
};

// ---- the damages -------------------------------------------------------------------------------------------

using Part = std::string Files::*;

class Damages {
 public:
  explicit Damages(std::uint64_t seed) : random_(seed) {}
  std::vector<Damage> all;

  void flip(Part part, const std::string& name, std::size_t at, bool may_hide = false) {
    const auto bits = static_cast<unsigned char>(1 + random_() % 255);
    const auto apply = [=](Files& f) { (f.*part)[at] = static_cast<char>((f.*part)[at] ^ bits); };
    all.push_back({name + ", byte " + std::to_string(at) + " changed", apply, may_hide});
  }
  void flip_each(Part part, const std::string& name, std::size_t from, std::size_t to, std::size_t every) {
    for (std::size_t at = from; at < to; at += every) flip(part, name, at);
  }
  void flip_some(Part part, const std::string& name, std::size_t from, std::size_t to, std::uint64_t count,
                 bool may_hide = false) {
    for (std::uint64_t i = 0; i < count; ++i) flip(part, name, from + random_() % (to - from), may_hide);
  }
  void cut(Part part, const std::string& name, std::size_t size) {
    // A log that is gone altogether looks as if another program had copied it into the file and closed it.
    const bool gone = part == &Files::wal && size == 0;
    all.push_back(
        {name + " cut to " + std::to_string(size) + " octets", [=](Files& f) { (f.*part).resize(size); }, gone});
  }
  void cut_some(Part part, const std::string& name, std::size_t below, std::uint64_t count) {
    for (const std::size_t size : {0, 1, 15, 31, 32, 99, 100, 511, 512, 4095, 4096, 4097}) cut(part, name, size);
    for (std::uint64_t i = 0; i < count; ++i) cut(part, name, random_() % below);
  }
  void put(Part part, const std::string& name, std::string content) {
    all.push_back({name, [=](Files& f) { f.*part = content; }});
  }
  void put(const std::string& name, std::size_t at, std::string octets) {
    all.push_back({name, [=](Files& f) { f.db.replace(at, octets.size(), octets); }});
  }

 private:
  std::mt19937_64 random_;
};

std::vector<Damage> of_the_file(const Files& healthy, std::uint64_t count, std::size_t every, std::uint64_t seed) {
  Damages d(seed);
  d.flip_each(&Files::db, "the header", 0, 512, 1);
  d.flip_each(&Files::db, "the first page", 512, 4096, every);
  d.flip_some(&Files::db, "the file", 4096, healthy.db.size(), count, true);
  d.cut_some(&Files::db, "the file", healthy.db.size(), count / 8);
  d.put(&Files::db, "a text", std::string(2000, 'x') + " is not a database");
  d.put(&Files::db, "zeros", std::string(20'000, '\0'));
  d.put(&Files::db, "noise", healthy.db.substr(5000, 30'000));
  d.put("the application id of another", 68, std::string("\1\2\3\4", 4));
  d.put("no application id", 68, std::string(4, '\0'));
  d.put("no schema version", 60, std::string(4, '\0'));
  d.put("a schema version of the future", 60, std::string("\0\0\0\x63", 4));
  return d.all;
}

// A frame is a header of 24 octets and a page; the log begins with a header of 32.
std::vector<Damage> of_the_log(const Files& healthy, std::uint64_t count, std::uint64_t seed) {
  Damages d(seed);
  const std::size_t size = healthy.wal.size(), middle = 32 + (size - 32) / 4120 / 2 * 4120;
  d.flip_each(&Files::wal, "the log's header", 0, 32, 1);
  d.flip_each(&Files::wal, "the first frame's header", 32, 56, 1);
  d.flip_each(&Files::wal, "a frame's header", middle, middle + 24, 1);
  d.flip_some(&Files::wal, "the log", 32, size, count);
  d.cut_some(&Files::wal, "the log", size, count / 8);
  for (std::size_t at = 32; at < size; at += 4120) d.cut(&Files::wal, "the log", at);
  d.put(&Files::wal, "zeros for a log", std::string(size, '\0'));
  d.put(&Files::db, "an empty file beside the log", "");
  return d.all;
}

// Each case in a child, so that one that ends its process is seen, and the others still run.
void meet_all(const Scratch& scratch, const Files& healthy, const std::vector<Damage>& all, const std::string& name,
              const std::string& again, Verdict& verdict) {
  const Shared<Tally> tally(Shared<Tally>::As::made, scratch.fresh("tally") + "/tally");
  while (tally->at < all.size()) {
    std::cout << std::flush;
    const pid_t child = fork();
    if (child == 0) {
      alarm(kStuckAfter);
      Subject subject(scratch.fresh("subject"), healthy, *tally);
      for (; tally->at < all.size(); ++tally->at) subject.meet(all[tally->at]);
      _exit(0);
    }
    End end;
    while (waitpid(child, &end.status, 0) < 0) {
    }
    if (end.well()) continue;
    verdict.add(Violation(Harm::stuck, all[tally->at].name + ": the process " + end.text()), again);
    ++tally->at;
  }
  if (!tally->complaint.empty()) verdict.add(Violation(tally->harm, tally->complaint.text()), again);
  verdict.faults += all.size();
  std::cout << name << ": " << all.size() << " damages:";
  for (std::size_t i = 0; i < std::size(kFates); ++i) std::cout << " " << tally->fates[i] << " " << kFates[i] << ";";
  std::cout << "\n";
}

bool torture(std::uint64_t count, std::uint64_t every, std::uint64_t seed) {
  const Scratch scratch(Scratch::On::memory);
  const std::string folder = scratch.fresh("base"), file = folder + "/a.db";
  (void)make_base(folder);
  const Files in_log{load(file), load(file + "-wal"), load(file + "-bell")};
  Raw(file).ask("PRAGMA wal_checkpoint(TRUNCATE)");
  const Files in_file{load(file), {}, in_log.bell};
  const std::string again = "damage --count " + std::to_string(count) + " --every " + std::to_string(every) +
                            " --seed " + std::to_string(seed);
  Verdict verdict("damages");
  meet_all(scratch, in_file, of_the_file(in_file, count, every, seed), "the file", again, verdict);
  meet_all(scratch, in_log, of_the_log(in_log, count / 2, seed), "the log", again, verdict);
  return verdict.report("damage");
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  Options options(argc, argv);
  const auto count = options.get("count", 400, 10'000), every = options.get("every", 11, 1), seed = options.seed();
  options.finish();
  Score score;
  score.add(torture(count, every, seed));
  return score.end();
}
