// Hears from a sentinel when there is another master.
#pragma once

#include <memory>
#include <random>

#include "subscription.hpp"

namespace penstock::redis {

// Listens at one of the sentinels, and at the next one when that is lost. What fails here fails without a word: the
// old master's connections tell of a change too, in most cases.
// Thread: one at a time.
class MasterWatch {
 public:
  MasterWatch(const Setup& setup, int wake) : setup_(setup), wake_(wake) {}

  // Does what is due, without waiting except to connect; true when a new master was announced. Throws Interrupted.
  bool switched(Deadline now);
  Deadline next_tending() const noexcept;
  int descriptor() const { return subscription_ ? subscription_->descriptor() : -1; }  // -1: none to poll

 private:
  bool connect(Deadline now);
  bool announced();
  void lose(Deadline now) noexcept;

  const Setup& setup_;
  const int wake_;
  std::unique_ptr<Subscription> subscription_;
  std::size_t sentinel_ = 0;
  std::uint32_t failures_ = 0;
  Deadline next_try_{};
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace penstock::redis
