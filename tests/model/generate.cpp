// The generator: few queues, few lengths of time, few contents, so that collisions and exact
// boundaries are the rule. Each sequence weighs the verbs in its own way.
#include <algorithm>
#include <array>

#include "model/ops.hpp"

namespace penstock::model {
namespace {

class Generator {
 public:
  explicit Generator(const Prng& rng) : rng_(rng), queues_(1 + rng_.below(3)), spread_(rng_.of({1, 1, 2, 4})) {
    constexpr std::array<int, kVerbs> kUsual = {20, 44, 8, 6, 4, 4, 8, 10, 4, 22, 2, 1};
    for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] = kUsual[i] * rng_.of({1, 2, 2, 4});
    fresh_ = rng_.of({2, 3, 6});
    keys_ = rng_.of({0, 0, 2, 4});
    gates_ = rng_.of({0, 0, 1, 2, kGateNames});
    unique_ = rng_.of({0, 0, 1, 3});
    for (Verb v : {Verb::limit, Verb::hold})  // half of the sequences have no gates at all
      if (gates_ == 0) weights_[static_cast<std::size_t>(v)] = 0;
  }

  bool used_up() const { return rng_.used_up(); }

  Op op() {
    int total = 0;
    for (int w : weights_) total += w;
    int at = rng_.below(total), verb = 0;
    while (at >= weights_[static_cast<std::size_t>(verb)]) at -= weights_[static_cast<std::size_t>(verb++)];
    Op op;
    op.verb = static_cast<Verb>(verb);
    switch (op.verb) {
      case Verb::enqueue:
        return enqueue(op), op;
      case Verb::exchange:
        return exchange(op), op;
      case Verb::cancel:
        return targets(op), op;
      case Verb::trim:
        return trim(op), op;
      case Verb::put:
        return document(op), op;
      case Verb::list:
        return list(op), op;
      case Verb::move:
        return move(op), op;
      case Verb::limit:
        return limit(op), op;
      case Verb::hold:
        return hold(op), op;
      case Verb::advance:
        op.time = rng_.of({1, 5, 9, 10, 10, 11, 20, 30, 200});
        return op;
      case Verb::jump:
        op.time = rng_.of({-100, -10, -1, 1, 10, 100});
        return op;
      case Verb::reopen:
        return op;
    }
    return op;
  }

 private:
  int length() { return rng_.of({1, 10, 10, 20, 30}); }
  int queue() { return rng_.below(queues_); }

  Job job() {
    Job j;
    j.queue = queue();
    j.reuse = rng_.one_in(fresh_) ? 0 : 1 + rng_.below(rng_.of({3, 40}));
    j.content = rng_.one_in(3) ? rng_.below(10) : 1;
    j.priority = rng_.one_in(3) ? rng_.of({-1, 1, 7, INT32_MAX, INT32_MIN}) : 0;
    j.weight = rng_.one_in(3) ? rng_.of({1, 2, 65535}) : 1;
    if (rng_.one_in(4)) j.delay = length();
    if (j.delay == 0 && rng_.one_in(4)) j.dated = true, j.due = rng_.of({-5, 0, 1, 10, 20});
    if (rng_.one_in(6)) j.limit = rng_.of({1, 2, 3, 8});
    if (rng_.one_in(40)) j.odd = static_cast<Odd>(1 + rng_.below(kOdds - 1));
    if ((j.odd == Odd::big || j.odd == Odd::many) && !rng_.one_in(10)) j.odd = Odd::none;
    if (keys_ != 0) j.fair = rng_.below(keys_);
    for (int n = gates_ != 0 ? rng_.below(3) : 0; n > 0; --n) j.gates |= 1 << rng_.below(gates_);
    if (unique_ != 0 && rng_.one_in(2)) {
      j.unique = 1 + rng_.below(unique_);
      j.waiting = rng_.one_in(3);
      j.replace = rng_.one_in(3);
      if (rng_.one_in(3)) j.time = length();
    }
    return j;
  }

  Target target(int leased_of_10) {
    Target t;
    t.leased = rng_.below(10) < leased_of_10;
    t.back = rng_.below(rng_.of({2, 6, 30}));
    t.stranger = rng_.one_in(40);
    t.bad_queue = rng_.one_in(80);
    return t;
  }

  Say say() {
    Say s;
    s.of = target(9);
    s.fence = static_cast<Fence>(rng_.of({0, 0, 0, 0, 0, 1, 1, 2, 3, 4}));
    s.to = rng_.of({3, 3, 2, 2, 2, 4, 4, 5, 6});
    if (rng_.one_in(30)) s.to = rng_.of({0, 1});
    s.charge = rng_.below(3);
    s.delay = rng_.one_in(2) ? length() : 0;
    s.unstarted = rng_.one_in(3);
    s.keep = rng_.of({0, 0, 10, 30, 1000, -1});
    s.note = rng_.one_in(2) ? rng_.below(5) : 0;
    s.big_note = rng_.one_in(300);
    for (int n = rng_.one_in(5) ? 1 + rng_.below(2) : 0; n > 0; --n) {
      s.children.push_back(job());
      s.children.back().queue = rng_.one_in(15) ? kOther : 0;
      if (s.children.back().odd == Odd::many) s.children.back().odd = Odd::none;
    }
    return s;
  }

  void enqueue(Op& op) {
    for (int n = 1 + rng_.below(spread_ + 1); n > 0; --n) op.jobs.push_back(job());
    if (rng_.one_in(30)) op.jobs.clear();
    if (rng_.one_in(6)) document(op);
  }

  void exchange(Op& op) {
    for (int n = rng_.below(4); n > 0; --n) op.settle.push_back(say());
    if (op.settle.size() == 3 && rng_.one_in(2)) op.settle[2] = op.settle[1];  // sent twice
    for (int n = rng_.below(3); n > 0; --n) op.extend.push_back(rng_.one_in(15) ? -1 : rng_.below(rng_.of({2, 6})));
    if (!rng_.one_in(4)) {
      int first = queue();
      for (int n = 0; n < queues_; ++n) op.claim.push_back({(first + n) % queues_, rng_.below(4)});
      if (rng_.one_in(3)) op.claim.resize(1);
      if (rng_.one_in(40)) op.claim.push_back(op.claim[0]);
    }
    op.limit = rng_.of({0, 1, 1, 2, 3, 5, 50});
    op.begin = rng_.of({0, 0, 1, 2, 50});
    if (gates_ != 0 && rng_.one_in(3)) op.ahead = rng_.of({1, 2, 50});
    op.lease = rng_.one_in(100) ? 0 : rng_.of({1, 10, 10, 20, 100});
  }

  void targets(Op& op) {
    for (int n = 1 + rng_.below(2); n > 0; --n) op.targets.push_back(target(6));
    if (rng_.one_in(60)) op.targets.clear();
  }

  void trim(Op& op) {
    op.queue = queue();
    op.state = rng_.one_in(40) ? rng_.below(4) : 4 + rng_.below(3);
    op.limit = rng_.of({0, 1, 2, 1000, 1000, 1000});
    if (rng_.one_in(3)) op.age = rng_.of({0, 10, 30, 100});
    if (rng_.one_in(3)) op.count = rng_.of({0, 1, 2, 4});
    if (rng_.one_in(3)) op.bytes = rng_.of({0, 10, 40, 100});
  }

  void document(Op& op) {
    op.document = rng_.below(3);
    op.revision = rng_.of({0, 0, 0, 0, 1, 2, kOther});
    op.count = rng_.below(5);  // the value
  }

  void list(Op& op) {
    op.queue = queue();
    op.state = 1 + rng_.below(6);
    op.limit = rng_.of({1, 2, 3, 100});
    op.count = rng_.one_in(3) ? rng_.below(2) : -1;  // the kind
    if (rng_.one_in(3)) op.time = rng_.of({-30, -20, -10, -1, 0}), op.age = rng_.of({1, 10, 20, 100});
  }

  int gate() { return rng_.one_in(4) ? 0 : rng_.one_in(6) ? kGateNames + 1 : 1 + rng_.below(gates_); }

  void limit(Op& op) {
    op.queue = rng_.one_in(40) ? kOther : queue();
    op.gate = rng_.one_in(40) ? kOther : gate();
    op.by_operator = rng_.one_in(3);
    op.clear = rng_.one_in(3);
    op.running = rng_.of({-1, 0, 1, 1, 2, 2, 3, 5});
    if (rng_.one_in(2)) op.rate = rng_.of({50, 100, 300, 1000});
    if (rng_.one_in(40)) op.rate = rng_.of({-1, kNoNumber});
    op.burst = rng_.one_in(40) ? 0 : rng_.of({1, 1, 2, 4});
  }

  void hold(Op& op) {
    op.queue = rng_.one_in(4) ? kOther : queue();
    op.gate = rng_.one_in(40) ? kOther : op.queue == kOther && !rng_.one_in(20) ? 0 : gate();
    op.time = rng_.of({0, 0, 0, 1, 10, 20, 30, kForever, -1});
  }

  void move(Op& op) {
    targets(op);
    op.state = rng_.of({5, 5, 6, 6, 1, 3});
    op.to = op.state == 3 ? 6 : 2;
    if (rng_.one_in(20)) op.state = rng_.below(7), op.to = rng_.below(7);
    if (op.state >= 5 && rng_.one_in(2)) op.time = length();
  }

  Prng rng_;
  int queues_, spread_, fresh_ = 2;
  int keys_ = 0, gates_ = 0, unique_ = 0;  // how many of each there are
  std::array<int, kVerbs> weights_{};
};

}  // namespace

Sequence generate(std::uint64_t seed, std::size_t ops) {
  Generator generator{Prng(seed)};
  Sequence out;
  for (std::size_t i = 0; i < ops; ++i) out.push_back(generator.op());
  return out;
}

Sequence generate(std::string_view octets, std::size_t at_most) {
  Generator generator{Prng(octets)};
  Sequence out;
  while (!generator.used_up() && out.size() < at_most) out.push_back(generator.op());
  return out;
}

}  // namespace penstock::model
