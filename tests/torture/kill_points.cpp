// Kills the process instead of the Nth operation on a file, for every N of every operation of the backend:
// of an ack (row W2), of a batch of 100 acks (W3), of a claim whose worker never hears of it (W4), of the
// creation of a file (S13). Nothing changes on the disk between two of these places, so all states that a
// kill can leave are met. The file must be as before the call, or as after it.
#include <iostream>

#include "support/cut_vfs.hpp"
#include "torture/child.hpp"
#include "torture/older.hpp"
#include "torture/options.hpp"
#include "torture/sweep.hpp"

namespace penstock::torture {
namespace {

// Runs `step` in a fork of this process, which has no connection open now. True: it was killed.
bool dies(const std::function<bool(testing::CutVfs&)>& step) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(kStuckAfter);
    testing::CutVfs vfs("killing");
    _exit(step(vfs) ? 0 : 1);
  }
  End end;
  while (waitpid(child, &end.status, 0) < 0) {
  }
  if (!end.killed() && !end.well()) throw Violation(Harm::stuck, "the process " + end.text());
  return end.killed();
}

class Points {
 public:
  Points(Sweep& sweep, const Operation& operation, Verdict& verdict)
      : sweep_(sweep), operation_(operation), verdict_(verdict) {}

  // `opening`: opening is what is killed; else the call, on connections that are open.
  void all(bool opening) {
    for (at_ = 1;; ++at_) {
      sweep_.restore();
      const bool killed = dies([&](testing::CutVfs& vfs) {
        if (opening) vfs.fail_at(at_, testing::Fault::kill, false);
        auto store = sweep_.open("killing");
        if (!store || !Sweep::warm(**store)) return false;
        if (!opening) vfs.fail_at(at_, testing::Fault::kill, false);
        const bool good = static_cast<bool>(sweep_.run(**store));
        vfs.heal();
        return good;
      });
      verdict_.faults += killed;
      if (killed) judge(opening);
      if (!killed) return;
    }
  }

 private:
  void judge(bool opening) {
    const std::string found = sweep_.dump();
    if (found != sweep_.before() && found != sweep_.after() && !(opening && as_opened(found)))
      harm(Harm::lost, "leaves a half: " + first_difference(sweep_.after(), found));
    {
      auto store = sweep_.open("");
      if (!store) harm(Harm::stuck, "leaves a file that cannot be opened: " + store.error().message);
      if (!Sweep::warm(**store)) harm(Harm::stuck, "leaves a store that cannot be used");
      check_audit(**store);
    }
  }
  // The schema comes in one step, what is noted of this boot of the machine in the next.
  bool as_opened(const std::string& found) const {
    const auto schema = [](const std::string& dump) { return dump.substr(0, dump.find("==")); };
    return found == "version 0\n" || schema(found) == schema(sweep_.after());
  }
  [[noreturn]] void harm(Harm harm, const std::string& what) {
    throw Violation(harm, std::string(operation_.name) + ", killed at operation " + std::to_string(at_) + ": " + what);
  }

  Sweep& sweep_;
  const Operation& operation_;
  Verdict& verdict_;
  std::uint64_t at_ = 0;
};

bool sweep(std::uint64_t only) {
  const Scratch scratch(Scratch::On::memory);
  const std::string folder = scratch.fresh("base"), nothing = scratch.fresh("nothing");
  const Base base = make_settled_base(folder);
  Verdict verdict("kills");
  std::uint64_t number = 0;
  const auto run = [&](const Operation& operation, const std::string& from, bool opening) {
    if (++number, only && number != only) return;
    const std::uint64_t before = verdict.faults;
    try {
      Sweep sweep(scratch, from, base, operation);
      if (!opening && sweep.before() == sweep.after()) return;  // a call that only looks
      Points(sweep, operation, verdict).all(opening);
    } catch (const std::exception& e) {
      verdict.add(e, "kill_points --operation " + std::to_string(number));
    }
    std::cout << operation.name << ": " << verdict.faults - before << " kills\n";
  };
  for (const Operation& o : operations()) run(o, folder, false);
  const auto idle = [](DurableBackend&, const Base&) -> Result<std::string> { return std::string(); };
  run({"open", Millis(0), idle, true}, folder, true);
  run({"create", Millis(0), idle, true}, nothing, true);
  for (const Older& older : kOlder) {
    const std::string from = scratch.fresh("older"), name = "open, of version " + std::to_string(older.version);
    older.make(from + "/a.db");
    run({name.c_str(), Millis(0), idle, true}, from, true);
  }
  return verdict.report(std::to_string(verdict.faults) + " kills at every file operation of " + std::to_string(number) +
                        " calls");
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  Options options(argc, argv);
  const auto only = options.get("operation", 0, 0);
  options.finish();
  Score score;
  score.add(sweep(only));
  return score.end();
}
