#include "torture/history.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace penstock::torture {
namespace {

using What = Act::What;
using Told = Act::Told;
using Acts = std::vector<const Act*>;

bool surely_before(const Act& a, const Act& b) { return a.answered < b.made; }
bool counts(const Act& settle) { return settle.told == Told::yes; }
bool may_count(const Act& settle) { return settle.told != Told::no; }

// What was done with one task.
struct Story {
  Acts enqueues, claims, settles;  // claims by epoch
  bool sent_before(const Act& a) const {
    return std::any_of(enqueues.begin(), enqueues.end(), [&](const Act* e) { return e->made < a.answered; });
  }
};

class Judge {
 public:
  explicit Judge(const History& history) : history_(history) {
    for (const Act& a : history.acts) {
      if (a.what == What::claim && a.told == Told::nothing) unseen_claims_.push_back(&a);
      if (a.what == What::extend) extensions_[{a.queue, a.epoch}].push_back(&a);
      if (a.what == What::extend || (a.what == What::claim && a.told != Told::yes)) continue;
      Story& story = stories_[a.task];
      (a.what == What::enqueue ? story.enqueues : a.what == What::claim ? story.claims : story.settles).push_back(&a);
      if (a.what == What::claim) batches_[{a.queue, a.epoch}].push_back(&a);
    }
    for (const auto& [task, state] : history.left) stories_[task];
    for (auto& [task, story] : stories_)
      std::sort(story.claims.begin(), story.claims.end(),
                [](const Act* a, const Act* b) { return a->epoch < b->epoch; });
  }

  std::vector<Anomaly> all() {
    for (const auto& [task, story] : stories_) {
      task_ = task;
      check_presence(story);
      check_claims(story);
      check_settlements(story);
      check_end(story);
    }
    check_batches();
    check_extensions();
    return std::move(found_);
  }

 private:
  void report(const char* rule, std::string what) {
    if (told_.emplace(rule, task_).second) found_.push_back({rule, task_, std::move(what)});
  }

  void check_presence(const Story& s) {
    const bool left = history_.left.count(task_) > 0;
    const auto created = std::count_if(s.enqueues.begin(), s.enqueues.end(), [](const Act* e) { return counts(*e); });
    if (created > 0 && !left) report("lost", "it was accepted, and is not there");
    if (created > 1) report("duplicated", "it was created twice");
    const bool sent = std::any_of(s.enqueues.begin(), s.enqueues.end(), [](const Act* e) { return may_count(*e); });
    if (left && !sent) report("unexpected", "it is there, and nobody sent it");
    for (const Act* c : s.claims) {
      if (!s.sent_before(*c)) report("unexpected", "it was claimed before it was sent");
    }
  }

  void check_claims(const Story& s) {
    for (std::size_t i = 0; i < s.claims.size(); ++i) {
      const Act& c = *s.claims[i];
      const Act* before = i > 0 ? s.claims[i - 1] : nullptr;
      for (std::size_t k = i + 1; k < s.claims.size(); ++k) {
        if (surely_before(*s.claims[k], c)) report("epochs fall", "a later claim has a lower epoch");
      }
      if (before && before->epoch == c.epoch) {
        report("two holders", "it was given to two under one epoch");
      } else if (c.lapsed) {
        if (!may_have_lapsed(s, before, c))
          report("early", "it was handed out as lapsed before a lease's time was over");
      } else if (before && !may_be_given_back(s, *before, c)) {
        // Nobody else can have done that: whoever holds it by a claim without an answer does not know.
        report("early", "it was handed out as ready, and its holder had not given it back");
      }
    }
  }

  static bool may_be_given_back(const Story& s, const Act& claim, const Act& by_then) {
    return std::any_of(s.settles.begin(), s.settles.end(), [&](const Act* g) {
      return g->epoch == claim.epoch && g->to == State::ready && may_count(*g) && g->made < by_then.answered;
    });
  }

  // Whether so many leases one after the other may be over that began no earlier than `since`.
  bool passed(Millis since, const Act& by_then, int leases = 1) const {
    return by_then.latest - since >= leases * history_.lease - history_.ahead;
  }
  // When the lease surely was renewed that began with this claim.
  Millis renewed(const Act& claim, const Act& by_then) const {
    Millis last = claim.earliest;
    const auto batch = extensions_.find({claim.queue, claim.epoch});
    if (batch == extensions_.end()) return last;
    for (const Act* e : batch->second) {
      if (e->told == Told::yes && surely_before(*e, by_then)) last = std::max(last, e->earliest);
    }
    return last;
  }
  // The lease that lapsed was of the last claim that was told, or of one after it that nobody knows of.
  bool may_have_lapsed(const Story& s, const Act* before, const Act& c) const {
    const bool given_back =
        before && std::any_of(s.settles.begin(), s.settles.end(), [&](const Act* g) {
          return g->epoch == before->epoch && g->to == State::ready && counts(*g) && surely_before(*g, c);
        });
    if (before && !given_back && passed(renewed(*before, c), c)) return true;
    return (!before || may_be_given_back(s, *before, c) || passed(before->earliest, c, 2)) &&
           std::any_of(unseen_claims_.begin(), unseen_claims_.end(),
                       [&](const Act* u) { return u->made < c.answered && passed(u->earliest, c); });
  }
  // Somebody whom nobody knows of has it by a claim that had no answer.
  bool may_be_taken_unseen(const Story& s, const Act& claim, const Act& by_then) const {
    return (passed(claim.earliest, by_then) || may_be_given_back(s, claim, by_then)) &&
           std::any_of(unseen_claims_.begin(), unseen_claims_.end(),
                       [&](const Act* u) { return u->made < by_then.answered; });
  }

  void check_settlements(const Story& s) {
    for (const Act* g : s.settles) {
      const auto later = std::find_if(s.claims.begin(), s.claims.end(), [&](const Act* c) {
        return c->epoch > g->epoch && (ended(g->to) || surely_before(*c, *g));
      });
      if (counts(*g) && later != s.claims.end())
        report(surely_before(**later, *g) ? "stale" : "duplicated",
               surely_before(**later, *g) ? "a settlement counts, though another has the task"
                                          : "it was claimed again after it had ended");
      for (const Act* other : s.settles) {
        if (!counts(*g) || !counts(*other) || other->to == State::leased) continue;
        if (ended(g->to) && ended(other->to) && (g->epoch != other->epoch || g->to != other->to))
          report("duplicated", "two ends were accepted");
        if (g->epoch != other->epoch) continue;
        if (ended(g->to) && other->to == State::ready)
          report("duplicated", "it was ended and given back by one holder");
        if (g->to == State::leased && surely_before(*other, *g)) report("stale", "it is kept by who has let it go");
      }
      if (g->told == Told::no) check_refusal(s, *g);
    }
  }

  // Its holder is refused only if somebody else has the task, or he said something else before.
  void check_refusal(const Story& s, const Act& g) {
    const bool unseen = std::any_of(s.claims.begin(), s.claims.end(),
                                    [&](const Act* c) { return c->epoch == g.epoch && may_be_taken_unseen(s, *c, g); });
    const bool taken = std::any_of(s.claims.begin(), s.claims.end(),
                                   [&](const Act* c) { return c->epoch > g.epoch && c->made < g.answered; });
    const bool said = std::any_of(s.settles.begin(), s.settles.end(), [&](const Act* o) {
      return o->epoch == g.epoch && o->to != State::leased && o->to != g.to && may_count(*o) && o->made < g.answered;
    });
    if (!unseen && !taken && !said) report("refused", "its holder is not heard, and nobody else has it");
  }

  void check_end(const Story& s) {
    const auto left = history_.left.find(task_);
    if (left == history_.left.end()) return;
    if (!ended(left->second)) return report("stuck", "it has not ended");
    const auto wanted = [&](const Act* g) { return g->to == left->second && may_count(*g); };
    if (std::none_of(s.settles.begin(), s.settles.end(), wanted))
      report("another end", "nobody settled it as what it is");
    for (const Act* g : s.settles) {
      if (counts(*g) && ended(g->to) && g->to != left->second) report("another end", "an accepted end was overwritten");
    }
  }

  // One batch is one exchange's, and over once nothing of it is held.
  void check_batches() {
    for (const auto& [key, claims] : batches_) {
      for (const Act* c : claims) {
        task_ = c->task;
        if (c->made != claims.front()->made || c->client != claims.front()->client)
          report("two holders", "two exchanges got the same epoch");
      }
    }
  }
  void check_extensions() {
    for (const auto& [key, extensions] : extensions_) {
      const auto batch = batches_.find(key);
      if (batch == batches_.end()) continue;
      const Acts& claims = batch->second;
      task_ = claims.front()->task;
      for (const Act* e : extensions) {
        const auto gone = [this, e](const Act* c) { return let_go(*c, *e); };
        const auto may_be_gone = [this, e](const Act* c) { return may_be_let_go(*c, *e); };
        if (e->told == Told::yes && std::all_of(claims.begin(), claims.end(), gone))
          report("stale", "a batch is extended of which nothing is held");
        if (e->told == Told::no && !std::all_of(claims.begin(), claims.end(), may_be_gone))
          report("refused", "a batch is not extended of which something is held");
      }
    }
  }
  bool may_be_let_go(const Act& claim, const Act& by_then) const {
    const Story& s = stories_.at(claim.task);
    const auto begun = [&](const Act* a) { return a->made < by_then.answered; };
    return may_be_taken_unseen(s, claim, by_then) ||
           std::any_of(s.claims.begin(), s.claims.end(),
                       [&](const Act* c) { return c->epoch > claim.epoch && begun(c); }) ||
           std::any_of(s.settles.begin(), s.settles.end(), [&](const Act* g) {
             return g->epoch == claim.epoch && g->to != State::leased && may_count(*g) && begun(g);
           });
  }
  bool let_go(const Act& claim, const Act& by_then) const {
    const Story& s = stories_.at(claim.task);
    const auto over = [&](const Act* a) { return surely_before(*a, by_then); };
    return std::any_of(s.claims.begin(), s.claims.end(),
                       [&](const Act* c) { return c->epoch > claim.epoch && over(c); }) ||
           std::any_of(s.settles.begin(), s.settles.end(), [&](const Act* g) {
             return g->epoch == claim.epoch && g->to != State::leased && counts(*g) && over(g);
           });
  }

  const History& history_;
  std::map<int, Story> stories_;
  std::map<std::pair<std::uint32_t, Epoch>, Acts> batches_, extensions_;
  Acts unseen_claims_;
  int task_ = 0;
  std::set<std::pair<std::string, int>> told_;
  std::vector<Anomaly> found_;
};

}  // namespace

std::vector<Anomaly> judge(const History& history) { return Judge(history).all(); }

}  // namespace penstock::torture
