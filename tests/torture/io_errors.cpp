// An error at the Nth operation on a file, once and for ever, for every N of every operation of the
// backend (S4), and a full disk at the Nth write (S5). The caller gets an error or the true answer; what
// failed has changed nothing, unless it says that it may have; later calls work; a file that could not be
// synced is not used again.
#include <iostream>
#include <map>

#include "support/cut_vfs.hpp"
#include "torture/options.hpp"
#include "torture/sweep.hpp"

namespace penstock::torture {
namespace {

using testing::CutVfs;
using testing::Fault;

struct Sort {
  const char* name;
  Fault fault;
  bool forever;
};

struct Tally {
  std::map<std::string, std::uint64_t> answers;  // how often the callers were told what
};

// One operation under one sort of fault.
class Run {
 public:
  Run(CutVfs& vfs, Sweep& sweep, const Operation& operation, const Sort& sort, Verdict& verdict, Tally& tally)
      : vfs_(vfs), sweep_(sweep), operation_(operation), sort_(sort), verdict_(verdict), tally_(tally) {}

  // At every place, on connections that are open; `cold`: on such that must be opened first.
  void all(bool cold) {
    std::unique_ptr<DurableBackend> store;
    bool met = true;
    for (at_ = 1; met; ++at_) {
      if (!store || found_ != sweep_.before()) store = fresh();
      if (!cold) rest(*store, "is not usable: ");
      met = step(*store);
      if (!cold) rest(*store, "stays unusable: ");
      if (found_ != sweep_.before()) go_on(*store);
      if (vfs_.resynced() > 0) harm(Harm::lost, "goes on with a file that could not be synced");
    }
  }

  // Opening itself, of a file that is there or of none: it may have got as far as the whole schema, or nowhere.
  void opening() {
    bool met = true;
    for (at_ = 1; met; ++at_) {
      sweep_.restore();
      vfs_.fail_at(at_, sort_.fault, sort_.forever);
      const auto store = sweep_.open("faulty");
      met = healed();
      tally(store);
      if (!store) judge_error(store.error(), met);
      const std::string found = schema(sweep_.dump());
      if (found != schema(sweep_.after()) && (store || !blank(found))) {
        harm(Harm::corrupt, "leaves half a schema: " + first_difference(schema(sweep_.after()), found));
      }
      if (!store && !sweep_.open("")) harm(Harm::stuck, "leaves a file that cannot be opened");
    }
  }

 private:
  static std::string schema(const std::string& dump) { return dump.substr(0, dump.find("==")); }
  static bool blank(const std::string& schema) { return schema.empty() || schema == "version 0\n"; }

  std::unique_ptr<DurableBackend> fresh() {
    sweep_.restore();
    auto store = sweep_.open("faulty");
    if (!store) harm(Harm::stuck, "cannot be opened: " + store.error().message);
    return std::move(store).value();
  }
  void rest(DurableBackend& store, const char* otherwise) {
    if (const auto ready = Sweep::warm(store); !ready) harm(Harm::stuck, otherwise + ready.error().message);
  }

  // Enough writing for another checkpoint.
  void go_on(DurableBackend& store) {
    for (int first = 5001; first < 5091; first += 30) {
      if (const auto done = enqueue_some(store, first, first + 29); !done)
        harm(Harm::stuck, "later calls fail: " + done.error().message);
    }
  }

  // Returns whether a fault met the operation.
  bool step(DurableBackend& store) {
    vfs_.fail_at(at_, sort_.fault, sort_.forever);
    const auto answer = sweep_.run(store);
    const bool met = healed();
    tally(answer);
    found_ = sweep_.dump();
    if (!answer) {
      judge_error(answer.error(), met);
      const bool unknown = answer.error().code == Errc::unknown_outcome;
      if (found_ == sweep_.before() || (unknown && found_ == sweep_.after())) return met;
      harm(Harm::corrupt, "has changed something: " + first_difference(sweep_.before(), found_));
    }
    if (*answer != sweep_.answer()) harm(Harm::corrupt, "answers " + *answer + ", expected " + sweep_.answer());
    if (found_ != sweep_.after()) harm(Harm::lost, first_difference(sweep_.after(), found_));
    return met;
  }

  bool healed() {
    const bool met = vfs_.injected() > 0;
    place_ = vfs_.first_failed();
    vfs_.heal();
    verdict_.faults += met;
    return met;
  }
  template <class T>
  void tally(const Result<T>& answer) {
    ++tally_.answers[answer ? "the answer" : name(answer.error().code)];
  }

  void judge_error(const Error& e, bool met) {
    if (!met) harm(Harm::stuck, "an error without a fault: " + e.message);
    if (sort_.fault == Fault::full && !sort_.forever && frees(operation_))
      harm(Harm::stuck, "does not use the reserve: " + e.message);
    if (e.code == Errc::unknown_outcome && !at_the_log())
      harm(Harm::stuck, "says unknown, which it is not: " + e.message);
    if (!fits(e)) harm(Harm::stuck, std::string("is told ") + name(e.code) + ": " + e.message);
  }
  // Only a commit's own writes and what makes them seen leave its fate open. Of memory SQLite does not
  // tell where it lacked.
  bool at_the_log() const {
    return sort_.fault == Fault::memory || place_ == "write a.db-wal" || place_ == "sync a.db-wal" ||
           place_ == "map a.db";
  }
  bool fits(const Error& e) const {
    if (!e.retryable) return false;
    if (e.code == Errc::unknown_outcome) return true;
    return e.code == (sort_.fault == Fault::io ? Errc::unavailable : Errc::resource_exhausted);
  }

  [[noreturn]] void harm(Harm harm, const std::string& what) {
    throw Violation(harm, std::string(operation_.name) + ", " + sort_.name + " at operation " + std::to_string(at_) +
                              " (" + place_ + "): " + what);
  }

  CutVfs& vfs_;
  Sweep& sweep_;
  const Operation& operation_;
  const Sort& sort_;
  Verdict& verdict_;
  Tally& tally_;
  std::uint64_t at_ = 0;
  std::string place_, found_;
};

bool sweep(const Sort& sort, std::uint64_t only) {
  CutVfs vfs("faulty");
  const Scratch scratch(Scratch::On::memory);
  const std::string folder = scratch.fresh("base"), nothing = scratch.fresh("nothing");
  const Base base = make_settled_base(folder);
  Verdict verdict("io_errors");
  Tally tally;
  std::uint64_t number = 0;
  const auto run = [&](const Operation& operation, const std::string& from, auto&& how) {
    if (++number, only && number != only) return;
    try {
      Sweep sweep(scratch, from, base, operation);
      Run one(vfs, sweep, operation, sort, verdict, tally);
      how(one);
      const std::string state = Raw(sweep.place().file()).integrity();
      if (state != "ok") throw Violation(Harm::corrupt, std::string(operation.name) + ": integrity_check: " + state);
    } catch (const std::exception& e) {
      verdict.add(e, "io_errors --operation " + std::to_string(number));
    }
  };
  for (const Operation& o : operations()) run(o, folder, [](Run& r) { r.all(false); });
  for (const Operation& o : operations()) {
    const std::string_view name = o.name;
    if (name == "enqueue one" || name == "ack one" || name == "get") run(o, folder, [](Run& r) { r.all(true); });
  }
  const auto idle = [](DurableBackend&, const Base&) -> Result<std::string> { return std::string(); };
  run({"open", Millis(0), idle, true}, folder, [](Run& r) { r.opening(); });
  run({"create", Millis(0), idle, true}, nothing, [](Run& r) { r.opening(); });
  std::cout << sort.name << ": " << verdict.faults << " faults in " << number << " operations; told:";
  for (const auto& [what, n] : tally.answers) std::cout << " " << what << " " << n;
  std::cout << "\n";
  return verdict.report(sort.name);
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  Options options(argc, argv);
  const auto only = options.get("operation", 0, 0), count = options.get("sorts", 4, 6);
  options.finish();
  static constexpr Sort kSorts[] = {
      {"I/O error once", Fault::io, false},      {"I/O error for ever", Fault::io, true},
      {"disk full once", Fault::full, false},    {"no memory once", Fault::memory, false},
      {"disk full for ever", Fault::full, true}, {"no memory for ever", Fault::memory, true}};
  Score score;
  for (std::size_t i = 0; i < count && i < std::size(kSorts); ++i) score.add(sweep(kSorts[i], only));
  return score.end();
}
