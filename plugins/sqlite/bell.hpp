// The bell: wakes those who wait for a change, in this process and in others that share the file.
#pragma once

#include <cstdint>
#include <string>

#include <penstock/plugin/time.hpp>

#include "watermark.hpp"

namespace penstock::sqlite {

// Lives in a small side file that all processes map. Whoever finds nothing to do arms it; the next
// change rings it, which disarms it: a change costs one load while nobody waits.
// A ring is lost when its process is killed between commit and ring, so waits should have an end.
// Thread: any.
class Bell {
 public:
  enum Call : std::uint32_t { kClaimable = 1, kEnded = 2 };  // what is waited for

  explicit Bell(const std::string& path);  // throws Failure
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  ~Bell();

  Watermark::Notes& notes() noexcept;  // room for them in the same page
  void arm(Call call) noexcept;
  bool armed(Call call) const noexcept;
  void ring(std::uint32_t calls) noexcept;  // when one of `calls` is armed
  void bump() noexcept;                     // always
  std::uint64_t now() const noexcept;
  // Returns the bell once it differs from `seen`, or `at_most` has passed.
  std::uint64_t wait(std::uint64_t seen, Millis at_most) const noexcept;

 private:
  struct Shared;
  Shared* shared_;
};

}  // namespace penstock::sqlite
