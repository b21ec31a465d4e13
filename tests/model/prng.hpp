// A small generator of numbers (the splitmix64 recurrence) whose output does not depend on the library.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace penstock::model {

class Prng {
 public:
  explicit Prng(std::uint64_t seed) : state_(seed) {}
  // The octets themselves, one a number, then zeros: for a fuzzer, which looks for what a change of one does.
  explicit Prng(std::string_view octets) : octets_(octets), given_(true) {}

  bool used_up() const { return given_ && octets_.empty(); }

  std::uint64_t next() {
    if (given_) return take();
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }  // n > 0
  bool one_in(int n) { return below(n) == 0; }
  int of(std::initializer_list<int> choices) { return choices.begin()[below(static_cast<int>(choices.size()))]; }

 private:
  std::uint64_t take() {
    if (octets_.empty()) return 0;
    const auto out = static_cast<unsigned char>(octets_.front());
    octets_.remove_prefix(1);
    return out;
  }

  std::uint64_t state_ = 0;
  std::string_view octets_;
  bool given_ = false;
};

}  // namespace penstock::model
