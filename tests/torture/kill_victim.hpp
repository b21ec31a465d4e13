// The process that kill_loop kills, and what it leaves behind: the answers it got, in memory of its own
// and of the one who judges. The calls need not be kept: both invent the same ones from the same seed.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "torture/complaint.hpp"
#include "torture/ledger.hpp"
#include "torture/shared.hpp"

namespace penstock::torture {

// When the victim dies.
enum class Kill : std::uint32_t {
  by_timer,     // `at` microseconds after its start, wherever it is
  by_timer_on,  // the same, after it has opened the store
  operation,    // instead of its `at`-th operation on a file
  before_call,  // when it has said that it will make call `at`, and has not
  after_call,   // when call `at` has returned, and it has told nobody
};
inline constexpr const char* kKills[] = {"by timer", "by timer once open", "at a file operation", "before a call",
                                         "after a call"};

struct Orders {
  std::array<char, 200> folder{};
  bool power = true;
  Kill kill = Kill::by_timer;
  std::uint64_t at = 0, seed = 0;
  int next = 1;
  std::int64_t clock = 0;  // how far the store's clock has moved
};

// What the victim did. `begun` is one more than `answered` while a call is in the air.
struct Diary {
  Orders orders;
  std::atomic<std::uint32_t> opened, begun, answered, size;
  std::array<char, 4 << 20> answers;
  Complaint complaint;  // of the victim, when it ends by itself
};

void write(Diary&, const Answer&);
// Takes the answers out in order.
class DiaryReader {
 public:
  explicit DiaryReader(const Diary& diary) : diary_(diary) {}
  Answer next();

 private:
  template <class T>
  T take();
  const Diary& diary_;
  std::size_t at_ = 0;
};

// Works until it is killed. Returns the exit status of a victim that was not.
int be_victim(const std::string& diary);

}  // namespace penstock::torture
