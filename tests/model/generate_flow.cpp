// The generator of histories about flow control alone: one queue, few keys, and gates that open and close all the time.
// Among those of all calls, what counts only when several flows wait at several gates hardly ever comes up.
#include "model/ops.hpp"

namespace penstock::model {
namespace {

class FlowGenerator {
 public:
  explicit FlowGenerator(std::uint64_t seed)
      : rng_(seed),
        keys_(rng_.of({2, 2, 3, 4})),
        gates_(rng_.of({1, 2, 2, 3})),
        most_gates_(rng_.of({1, 2})),
        rates_(rng_.of({0, 0, 1, 2})),
        enqueues_(rng_.of({4, 8})),
        exchanges_(rng_.of({4, 8, 12})),
        limits_(rng_.of({1, 2, 4})),
        holds_(rng_.of({0, 1, 2})),
        cancels_(rng_.of({0, 1, 2})),
        advances_(rng_.of({0, 1, 3})) {}

  Op op() {
    int at = rng_.below(enqueues_ + exchanges_ + limits_ + holds_ + cancels_ + advances_);
    if ((at -= enqueues_) < 0) return enqueue();
    if ((at -= exchanges_) < 0) return exchange();
    if ((at -= limits_) < 0) return limit();
    if ((at -= holds_) < 0) return {.verb = Verb::hold, .time = rng_.of({0, 10, 20, kForever}), .gate = gate()};
    if ((at -= cancels_) < 0)
      return {.verb = Verb::cancel, .targets = {{.back = rng_.below(8), .leased = rng_.one_in(2)}}};
    return {.verb = Verb::advance, .time = rng_.of({1, 5, 10, 10, 20})};
  }

 private:
  int gate() { return 1 + rng_.below(gates_); }

  Job job() {
    Job j;
    j.content = 1;
    j.fair = rng_.below(keys_);
    for (int n = rng_.below(most_gates_ + 1); n > 0; --n) j.gates |= 1 << rng_.below(gates_);
    if (rng_.one_in(4)) j.priority = rng_.of({-1, 1});
    if (rng_.one_in(8)) j.delay = 10;
    return j;
  }

  Op enqueue() {
    Op op{.verb = Verb::enqueue};
    for (int n = 1 + rng_.below(rng_.of({1, 2, 3})); n > 0; --n) op.jobs.push_back(job());
    return op;
  }

  Op exchange() {
    Op op{.verb = Verb::exchange, .lease = rng_.of({10, 100, 100, 1000})};
    for (int n = rng_.below(3); n > 0; --n)
      op.settle.push_back(
          {.of = {.back = rng_.below(rng_.of({2, 6}))}, .to = rng_.of({4, 4, 2, 2, 3}), .unstarted = rng_.one_in(3)});
    if (rng_.one_in(6)) return op;
    op.claim = {{}};
    op.limit = rng_.of({1, 1, 1, 2, 3});
    if (rng_.one_in(6)) op.ahead = 1;
    return op;
  }

  Op limit() {
    Op op{.verb = Verb::limit, .gate = gate()};
    op.clear = rng_.one_in(5);
    op.running = rng_.of({-1, 0, 0, 1, 1, 2, 2, 3});
    if (rates_ != 0 && rng_.one_in(rates_)) op.rate = rng_.of({50, 100, 300}), op.burst = rng_.of({1, 1, 2});
    return op;
  }

  Prng rng_;
  int keys_, gates_, most_gates_, rates_;                           // rates_: one limit in so many has one; 0: none
  int enqueues_, exchanges_, limits_, holds_, cancels_, advances_;  // how often each comes
};

}  // namespace

Sequence generate_flow(std::uint64_t seed, std::size_t ops) {
  FlowGenerator generator(seed);
  Sequence out;
  for (std::size_t i = 0; i < ops; ++i) out.push_back(generator.op());
  return out;
}

}  // namespace penstock::model
