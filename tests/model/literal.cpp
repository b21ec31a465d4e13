#include <sstream>

#include "model/ops.hpp"

namespace penstock::model {
namespace {

// Writes `{.field = value, ...}`, leaving out what is as in a fresh T.
template <class T>
class Braces {
 public:
  explicit Braces(const T& value) : value_(value) {}

  template <class M>
  Braces& field(const char* name, M T::*member) {
    if (value_.*member == fresh_.*member) return *this;
    if constexpr (std::is_same_v<M, bool>) {
      return put(name, "true");
    } else {
      return put(name, std::to_string(static_cast<long long>(value_.*member)));
    }
  }
  Braces& put(const char* name, const std::string& text) {
    out_ += (out_.empty() ? "." : ", .") + std::string(name) + " = " + text;
    return *this;
  }
  std::string done() const { return "{" + out_ + "}"; }

 private:
  const T& value_;
  T fresh_{};
  std::string out_;
};

template <class T, class F>
std::string list(const std::vector<T>& items, F each) {
  std::string out;
  for (const T& item : items) out += (out.empty() ? "" : ", ") + each(item);
  return "{" + out + "}";
}

std::string text(int n) { return std::to_string(n); }

std::string text(const Job& j) {
  Braces b(j);
  b.field("queue", &Job::queue).field("reuse", &Job::reuse).field("content", &Job::content);
  b.field("priority", &Job::priority).field("weight", &Job::weight).field("due", &Job::due);
  b.field("delay", &Job::delay).field("limit", &Job::limit).field("dated", &Job::dated).field("fair", &Job::fair);
  b.field("gates", &Job::gates).field("unique", &Job::unique).field("time", &Job::time);
  b.field("waiting", &Job::waiting).field("replace", &Job::replace);
  if (j.odd != Odd::none) b.put("odd", "Odd(" + text(static_cast<int>(j.odd)) + ")");
  return b.done();
}

std::string text(const Target& t) {
  Braces b(t);
  b.field("back", &Target::back);
  if (!t.leased) b.put("leased", "false");
  return b.field("stranger", &Target::stranger).field("bad_queue", &Target::bad_queue).done();
}

std::string text(const Part& p) { return Braces(p).field("queue", &Part::queue).field("quota", &Part::quota).done(); }

std::string text(const Say& s) {
  Braces b(s);
  if (s.of != Target{}) b.put("of", text(s.of));
  if (s.fence != Fence::handed) {
    constexpr const char* kFences[] = {"handed", "current", "older", "zero", "unknown"};
    b.put("fence", std::string("Fence::") + kFences[static_cast<int>(s.fence)]);
  }
  b.field("to", &Say::to).field("charge", &Say::charge).field("delay", &Say::delay).field("keep", &Say::keep);
  b.field("note", &Say::note).field("big_note", &Say::big_note).field("unstarted", &Say::unstarted);
  if (!s.children.empty()) b.put("children", list(s.children, [](const Job& j) { return text(j); }));
  return b.done();
}

}  // namespace

std::string literal(const Op& op) {
  constexpr const char* kNames[] = {"enqueue", "exchange", "cancel", "trim",    "put",  "list",
                                    "move",    "limit",    "hold",   "advance", "jump", "reopen"};
  Braces b(op);
  b.put("verb", std::string("Verb::") + kNames[static_cast<int>(op.verb)]);
  if (!op.jobs.empty()) b.put("jobs", list(op.jobs, [](const Job& j) { return text(j); }));
  if (!op.settle.empty()) b.put("settle", list(op.settle, [](const Say& s) { return text(s); }));
  if (!op.extend.empty()) b.put("extend", list(op.extend, [](int n) { return text(n); }));
  if (!op.claim.empty()) b.put("claim", list(op.claim, [](const Part& p) { return text(p); }));
  if (!op.targets.empty()) b.put("targets", list(op.targets, [](const Target& t) { return text(t); }));
  b.field("queue", &Op::queue).field("state", &Op::state).field("to", &Op::to).field("limit", &Op::limit);
  b.field("begin", &Op::begin)
      .field("lease", &Op::lease)
      .field("ahead", &Op::ahead)
      .field("time", &Op::time)
      .field("age", &Op::age);
  b.field("count", &Op::count).field("bytes", &Op::bytes).field("document", &Op::document);
  b.field("revision", &Op::revision).field("gate", &Op::gate).field("running", &Op::running);
  b.field("rate", &Op::rate).field("burst", &Op::burst).field("by_operator", &Op::by_operator);
  return b.field("clear", &Op::clear).done();
}

}  // namespace penstock::model
