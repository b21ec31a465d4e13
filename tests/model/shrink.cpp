#include "model/shrink.hpp"

#include <algorithm>

namespace penstock::model {
namespace {

constexpr std::size_t kShort = 40;  // steps, from which on all pairs are tried

class Shrinker {
 public:
  Shrinker(Sequence sequence, const Fails& fails, int tries)
      : best_(std::move(sequence)), fails_(fails), tries_(tries) {}

  Sequence run() {
    for (std::size_t before = 0, now = weight(); before != now && tries_ > 0;) {
      before = now;
      drop_steps();
      simplify_steps();
      if (best_.size() <= kShort) drop_pairs();
      now = weight();
    }
    return best_;
  }

 private:
  // How much is written down: gets smaller with every simplification that is kept.
  std::size_t weight() const {
    std::size_t sum = 0;
    for (const Op& op : best_) sum += literal(op).size();
    return sum;
  }

  bool keep(const Sequence& candidate) {
    if (candidate == best_ || tries_-- <= 0 || !fails_(candidate)) return false;
    best_ = candidate;
    return true;
  }

  void drop_steps() {
    for (std::size_t chunk = std::max<std::size_t>(best_.size() / 2, 1);; chunk /= 2) {
      for (std::size_t end = best_.size(); end > 0;) {  // from the back: references count backwards
        std::size_t begin = end - std::min(chunk, end);
        Sequence candidate = best_;
        candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(begin),
                        candidate.begin() + static_cast<std::ptrdiff_t>(end));
        keep(candidate);
        end = begin;
      }
      if (chunk <= 1) break;
    }
  }

  // Two steps that only make sense together, such as a claim and the lapse of its lease.
  void drop_pairs() {
    for (std::size_t b = best_.size(); b-- > 1;) {
      for (std::size_t a = std::min(b, best_.size()); a-- > 0;) {
        if (b >= best_.size()) break;
        Sequence candidate = best_;
        candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(b));
        candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(a));
        keep(candidate);
      }
    }
  }

  // Points at something nearer, or asks for less.
  template <class Get>
  void lower(std::size_t i, Get get) {
    for (int n = 0; n < get(best_[i]); ++n)
      if (n < 8 && change(i, [&](Op& op) { get(op) = n; })) break;
  }

  // Tries one change of step `i`.
  template <class Change>
  bool change(std::size_t i, Change apply) {
    Sequence candidate = best_;
    apply(candidate[i]);
    return keep(candidate);
  }

  template <class T>
  void drop_items(std::size_t i, std::vector<T> Op::*list) {
    for (std::size_t n = (best_[i].*list).size(); n-- > 0;)
      change(i, [&](Op& op) { (op.*list).erase((op.*list).begin() + static_cast<std::ptrdiff_t>(n)); });
  }

  template <class T, class... M>
  void reset_items(std::size_t i, std::vector<T> Op::*list, M T::*... members) {
    for (std::size_t n = 0; n < (best_[i].*list).size(); ++n)
      (change(i, [&](Op& op) { (op.*list)[n].*members = T{}.*members; }), ...);
  }

  void simplify_steps() {
    for (std::size_t i = 0; i < best_.size(); ++i) {
      drop_items(i, &Op::jobs), drop_items(i, &Op::settle), drop_items(i, &Op::extend);
      drop_items(i, &Op::claim), drop_items(i, &Op::targets);
      reset_items(i, &Op::jobs, &Job::queue, &Job::reuse, &Job::content, &Job::priority, &Job::weight, &Job::dated,
                  &Job::due, &Job::delay, &Job::limit, &Job::odd, &Job::fair, &Job::gates, &Job::unique, &Job::time,
                  &Job::waiting, &Job::replace);
      reset_items(i, &Op::settle, &Say::of, &Say::fence, &Say::to, &Say::charge, &Say::delay, &Say::keep, &Say::note,
                  &Say::big_note, &Say::unstarted, &Say::children);
      reset_items(i, &Op::targets, &Target::back, &Target::leased, &Target::stranger, &Target::bad_queue);
      reset_items(i, &Op::claim, &Part::queue, &Part::quota);
      for (std::size_t n = 0; n < best_[i].settle.size(); ++n)
        lower(
            i, [n](auto& op) -> auto& { return op.settle[n].of.back; });
      for (std::size_t n = 0; n < best_[i].targets.size(); ++n)
        lower(
            i, [n](auto& op) -> auto& { return op.targets[n].back; });
      for (std::size_t n = 0; n < best_[i].extend.size(); ++n)
        lower(
            i, [n](auto& op) -> auto& { return op.extend[n]; });
      lower(
          i, [](auto& op) -> auto& { return op.limit; });
      for (std::size_t s = 0; s < best_[i].settle.size(); ++s)
        while (best_[i].settle[s].children.size() > 1 && change(i, [&](Op& op) { op.settle[s].children.pop_back(); })) {
        }
      for (int Op::*member : {&Op::queue, &Op::begin, &Op::ahead, &Op::time, &Op::age, &Op::count, &Op::bytes,
                              &Op::document, &Op::revision, &Op::limit, &Op::gate, &Op::running, &Op::rate, &Op::burst})
        change(i, [&](Op& op) { op.*member = Op{}.*member; });
    }
  }

  Sequence best_;
  const Fails& fails_;
  int tries_;
};

}  // namespace

Sequence shrink(Sequence sequence, const Fails& fails, int tries) {
  return Shrinker(std::move(sequence), fails, tries).run();
}

}  // namespace penstock::model
