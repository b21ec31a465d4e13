#include "model/coverage.hpp"

#include <iomanip>
#include <ostream>

namespace penstock::model {
namespace {

using Pairs = std::vector<std::string>;

void settlements(Pairs& out) {
  constexpr const char* kEnds[] = {"succeeded", "dead", "cancelled"};
  constexpr const char* kLive[] = {"scheduled", "ready", "leased"};
  for (const std::string to : {"leased", "ready", "succeeded", "dead", "cancelled"}) {
    const std::string verb = "settle " + to + " on ";
    out.push_back(verb + "leased: ok");
    out.push_back(verb + "leased, asked to stop: " + (to == "ready" ? "requested" : "ok"));
    for (const char* waiting : {"scheduled", "ready"})
      out.push_back(verb + waiting + ": " + (to == "ready" ? "ok" : "lease_lost"));
    for (const std::string end : kEnds) {
      bool late_release = to == "ready" && end == "cancelled";
      out.push_back(verb + end + ": " + (late_release ? "requested" : to == end ? "ok" : "lease_lost"));
    }
    for (const char* state : kLive) out.push_back("settle " + to + ", another epoch, on " + state + ": lease_lost");
    for (const char* state : kEnds) out.push_back("settle " + to + ", another epoch, on " + state + ": lease_lost");
    out.push_back(verb + "nothing: not_found");
    out.push_back(verb + "a broken rule: invalid");
  }
  for (const char* to : {"held", "scheduled"})
    out.push_back(std::string("settle ") + to + " on a broken rule: invalid");
}

void admissions(Pairs& out, const std::string& verb) {
  out.insert(out.end(),
             {verb + " on nothing, at once: ok", verb + " on nothing, later: ok", verb + " on tombstone: exists"});
  for (const char* state : {"scheduled", "ready", "leased", "succeeded", "dead", "cancelled"})
    for (const char* what : {": exists", ": conflict"}) out.push_back(verb + " on " + state + what);
}

void moves(Pairs& out) {
  for (const std::string from : {"dead", "cancelled", "scheduled", "leased"}) {
    const std::string verb = "move " + from + " on ";
    for (const char* end : {"succeeded", "dead", "cancelled"})
      out.push_back(verb + end + (from == end ? ": ok" : ": finished"));
    for (const char* waiting : {"scheduled", "ready"})
      out.push_back(verb + waiting + (from == waiting ? ": ok" : ": conflict"));
    out.push_back(verb + "leased" + (from == "leased" ? ": ok" : ": lease_lost"));
    out.push_back(verb + "nothing: not_found");
    out.push_back(verb + "a broken rule: invalid");
  }
  out.insert(out.end(),
             {"move dead on dead, a tombstone: not_found", "move cancelled on cancelled, a tombstone: not_found"});
}

void keys(Pairs& out, bool children, bool moves) {
  for (const std::string verb : {"enqueue", "child"}) {
    if (verb == "child" && !children) continue;
    for (const char* what : {" on a key: conflict", " on a key to replace: conflict", " on the time of a key: conflict",
                             " on a waiting holder: ok"})
      out.push_back(verb + what);
  }
  if (moves) out.insert(out.end(), {"move dead on dead: conflict", "move cancelled on cancelled: conflict"});
}

void gates(Pairs& out) {
  out.insert(out.end(), {"claim: the queue is closed", "claim: ends at the half of a gate",
                         "claim: past a gate that is full", "claim: past a gate that opens later",
                         "settle: tokens go back", "limit: ok", "limit: invalid", "hold: ok", "hold: invalid"});
}

}  // namespace

std::vector<std::string> reachable(Subject& subject) {
  const Properties properties = subject.backend().properties();
  const auto has = [&](Feature f) { return (properties.features & f) != 0; };
  Pairs out = {"cancel on ready: ok",
               "cancel on scheduled: ok",
               "cancel on leased: requested",
               "cancel on leased, asked to stop: requested",
               "cancel on succeeded: finished",
               "cancel on dead: finished",
               "cancel on cancelled: finished",
               "cancel on cancelled, a tombstone: finished",
               "cancel on nothing: not_found",
               "cancel on a broken rule: invalid",
               "extend: ok",
               "extend: stop, taken away",
               "extend: stop, cancel wanted",
               "extend of no batch: lease_lost",
               "extend of a batch that is gone: lease_lost",
               "claim: ready, begun",
               "claim: ready, not begun",
               "claim: lapsed, begun",
               "claim: lapsed, not begun",
               "claim: lapsed, cancel requested, ends",
               "claim: spill",
               "next_due: more at once",
               "next_due: by time",
               "next_due: nothing",
               "exchange: queue twice",
               "exchange: short lease",
               "trim: by age",
               "trim: by count",
               "trim: by bytes",
               "trim: at_most",
               "trim of a state that is no end: invalid",
               "enqueue on a broken rule: invalid"};
  settlements(out);
  admissions(out, "enqueue");
  if (has(kUnique)) keys(out, has(kChildren), query<Browser>(subject.backend()) != nullptr);
  if (has(kFair)) out.push_back("claim: keys take turns");
  if (has(kGates)) gates(out);
  if (has(kLimit)) out.push_back("enqueue on a full queue: full");
  if (has(kGuard)) out.insert(out.end(), {"enqueue, guarded: accepted", "enqueue, guarded: conflict"});
  if (has(kChildren)) admissions(out, "child");
  if (query<Registry>(subject.backend()))
    out.insert(out.end(), {"put on nothing: ok", "put on nothing: conflict", "put on a document: ok",
                           "put on a document: conflict"});
  if (query<Browser>(subject.backend())) {
    out.insert(out.end(), {"list: empty", "list: a page", "list: pages"});
    moves(out);
  }
  if (subject.reopens()) out.push_back("reopen: ok");
  return out;
}

std::vector<std::string> Coverage::missing(Subject& subject) const {
  std::vector<std::string> out;
  for (const std::string& pair : reachable(subject))
    if (seen_.count(pair) == 0) out.push_back(pair);
  return out;
}

void Coverage::print(std::ostream& out) const {
  for (const auto& [what, times] : seen_) out << std::setw(10) << times << "  " << what << "\n";
}

}  // namespace penstock::model
