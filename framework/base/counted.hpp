// A counter that is one higher for the length of a scope, whichever way that is left.
#pragma once

namespace penstock::base {

// `Locked` guards the counter, and is held when this is made; when it ends, it is taken if it is not held.
template <class Locked>
class Counted {
 public:
  Counted(Locked& lock, unsigned& counter) : lock_(lock), counter_(counter) { ++counter_; }
  ~Counted() {
    if (!lock_.owns()) lock_.relock();
    --counter_;
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  Locked& lock_;
  unsigned& counter_;
};

}  // namespace penstock::base
