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
      for (std::size_t k = i + 1; k < s.claims.size(); ++k) {
        if (surely_before(*s.claims[k], c)) report("epochs fall", "a later claim has a lower epoch");
      }
      if (i == 0) {
        if (c.lapsed && unseen_claims_.empty()) report("early", "its first claim says that it had lapsed");
        continue;
      }
      const Act& before = *s.claims[i - 1];
      if (before.epoch == c.epoch) report("two holders", "it was given to two under one epoch");
      if (c.lapsed || before.epoch == c.epoch) continue;
      // Nobody else can have given it back: whoever holds it by a claim without an answer does not know.
      const bool given_back = std::any_of(s.settles.begin(), s.settles.end(), [&](const Act* g) {
        return g->epoch == before.epoch && g->to == State::ready && may_count(*g) && g->made < c.answered;
      });
      if (!given_back) report("early", "it was handed out as ready, and its holder had not given it back");
    }
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
        if (counts(*g) && counts(*other) && ended(g->to) && ended(other->to) &&
            (g->epoch != other->epoch || g->to != other->to))
          report("duplicated", "two ends were accepted");
      }
      if (g->told == Told::no) check_refusal(s, *g);
    }
  }

  // Its holder is refused only if somebody else has the task, or he said something else before.
  void check_refusal(const Story& s, const Act& g) {
    const bool unseen =
        std::any_of(unseen_claims_.begin(), unseen_claims_.end(), [&](const Act* u) { return u->made < g.answered; });
    const bool taken = std::any_of(s.claims.begin(), s.claims.end(),
                                   [&](const Act* c) { return c->epoch > g.epoch && c->made < g.answered; });
    const bool said = std::any_of(s.settles.begin(), s.settles.end(), [&](const Act* o) {
      return o != &g && o->epoch == g.epoch && o->to != State::leased && may_count(*o) && o->made < g.answered;
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
    for (const Act& e : history_.acts) {
      const auto batch = batches_.find({e.queue, e.epoch});
      if (e.what != What::extend || e.told != Told::yes || batch == batches_.end()) continue;
      if (std::all_of(batch->second.begin(), batch->second.end(), [&](const Act* c) { return let_go(*c, e); })) {
        task_ = batch->second.front()->task;
        report("stale", "a batch is extended of which nothing is held");
      }
    }
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
  std::map<std::pair<std::uint32_t, Epoch>, Acts> batches_;
  Acts unseen_claims_;
  int task_ = 0;
  std::set<std::pair<std::string, int>> told_;
  std::vector<Anomaly> found_;
};

}  // namespace

std::vector<Anomaly> judge(const History& history) { return Judge(history).all(); }

}  // namespace penstock::torture
