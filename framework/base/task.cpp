#include <chrono>

#include <penstock/task.hpp>

#include "base/random.hpp"

namespace penstock {
namespace {

// RFC 9562 section 6.2, method 1: a counter in rand_a keeps ids of one thread in order within a
// millisecond; when it runs over, the time is taken one ahead.
struct IdSource {
  base::Random random;
  std::uint64_t millis = 0;
  std::uint32_t counter = 0;
};

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

TaskId make_task_id() {
  thread_local IdSource source;
  auto wall = std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch());
  auto now = static_cast<std::uint64_t>(wall.count());
  std::uint64_t random = source.random.next();
  if (now > source.millis) {
    source.millis = now;
    source.counter = static_cast<std::uint32_t>(source.random.next() & 0x3ff);
  } else if (++source.counter > 0xfff) {
    ++source.millis;
    source.counter = 0;
  }
  TaskId id;
  for (int i = 0; i < 6; ++i) id.bytes[i] = static_cast<unsigned char>(source.millis >> (40 - 8 * i));
  id.bytes[6] = static_cast<unsigned char>(0x70 | (source.counter >> 8));
  id.bytes[7] = static_cast<unsigned char>(source.counter);
  for (int i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<unsigned char>(random >> (8 * i));
  id.bytes[8] = static_cast<unsigned char>(0x80 | (id.bytes[8] & 0x3f));
  return id;
}

std::string to_text(const TaskId& id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kDigits[id.bytes[i] >> 4];
    out += kDigits[id.bytes[i] & 15];
  }
  return out;
}

std::string to_text(const TaskRef& ref) { return ref.queue + "/" + to_text(ref.id); }

std::optional<TaskId> parse_task_id(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  TaskId id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      if (text[at++] != '-') return std::nullopt;
    }
    int high = hex(text[at]), low = hex(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<unsigned char>(high << 4 | low);
    at += 2;
  }
  return id;
}

const char* name(Status s) noexcept {
  switch (s) {
    case Status::scheduled:
      return "scheduled";
    case Status::queued:
      return "queued";
    case Status::running:
      return "running";
    case Status::retrying:
      return "retrying";
    case Status::succeeded:
      return "succeeded";
    case Status::failed:
      return "failed";
    case Status::timed_out:
      return "timed_out";
    case Status::cancelled:
      return "cancelled";
  }
  return "unknown";
}

}  // namespace penstock
