#include "watermark.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "error.hpp"
#include "schema.hpp"

namespace penstock::sqlite {

// A note's lowest bit: by a connection of level `process`, whose commits a power cut may undo.
// A note of the log: its run in the upper half, then its frames.
namespace {

constexpr std::size_t kHeader = 32, kFrameHeader = 24;  // of SQLite's log, which is big-endian

std::uint32_t big(const unsigned char* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}
std::uint32_t little(const unsigned char* at) {
  return std::uint32_t{at[3]} << 24 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[1]} << 8 | at[0];
}

// The log's running checksum. Its words are of the byte order of whoever made the log.
struct Sum {
  bool big_endian = false;
  std::uint32_t first = 0, second = 0;
  void add(const unsigned char* at, std::size_t size) {
    for (const unsigned char* end = at + size; at != end; at += 8) {
      first += (big_endian ? big(at) : little(at)) + second;
      second += (big_endian ? big(at + 4) : little(at + 4)) + first;
    }
  }
  bool is(const unsigned char* at) const { return big(at) == first && big(at + 4) == second; }
};

std::uint64_t this_boot() { return std::hash<std::string>()(boot_id()) | 1; }

void raise(std::atomic<std::uint64_t>& note, std::uint64_t to) {
  for (std::uint64_t now = note; now < to && !note.compare_exchange_weak(now, to);) {
  }
}

}  // namespace

struct Watermark::Header {
  bool sound = false;
  std::uint32_t page = 0;
  std::uint64_t salt = 0;
  Sum sum;
  Log log() const { return std::max(Log{1}, static_cast<Log>((salt >> 32) * 31 + salt)); }
};

Watermark::Watermark(Notes& notes, const Options& options, bool fresh)
    : notes_(notes), options_(options) {
  const std::uint64_t boot = this_boot();
  const bool rebooted = notes_.boot.exchange(boot) != boot;
  for (auto* note : {&notes_.log, &notes_.epoch}) {
    if (fresh || (rebooted && (*note & 1))) *note = 0;
  }
}

Watermark::~Watermark() { forget_log(); }

void Watermark::forget_log() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void Watermark::check_files() {
  struct stat at {};
  const std::uint64_t note = notes_.log;
  if ((note != 0 || notes_.epoch != 0) && stat(options_.path.c_str(), &at) == 0 && at.st_size <= 1) {
    refuse("it is empty, and it was not");
  }
  if (note != 0) {
    const auto there = header();
    if (there && !there->sound) refuse("the header of its -wal is damaged");
    const auto noted = static_cast<std::int64_t>((note & UINT32_MAX) >> 1);
    const bool same = there && there->log() == note >> 32;
    // What is read while another process starts the log over means nothing.
    if (same && sound_frames(*there, noted) < noted && log() == there->log()) {
      refuse("its -wal is damaged or cut short: commits that were acknowledged are missing");
    }
  }
  forget_log();
}

void Watermark::check_epoch(Epoch noted, Epoch there) const {
  if (noted > there) refuse("it has gone back: its -wal was removed, or it is an older copy");
}

std::optional<Watermark::Log> Watermark::log() {
  const auto there = header();
  return there && there->sound ? std::optional(there->log()) : std::nullopt;
}

void Watermark::note(std::optional<Log> before, std::int64_t frames, Epoch epoch) {
  const std::uint64_t level = options_.power ? 0 : 1;
  if (epoch > 0) raise(notes_.epoch, epoch << 1 | level);
  if (before && before == log()) notes_.log = std::uint64_t{*before} << 32 | static_cast<std::uint64_t>(frames) << 1 | level;
}

std::optional<Watermark::Header> Watermark::header() {
  if (fd_ < 0) fd_ = open((options_.path + "-wal").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  unsigned char raw[kHeader] = {};
  if (fd_ < 0 || pread(fd_, raw, kHeader, 0) <= 0) return {};
  Header out{.page = big(raw + 8), .salt = std::uint64_t{big(raw + 16)} << 32 | big(raw + 20)};
  out.sum.big_endian = (big(raw) & 1) != 0;
  out.sum.add(raw, kHeader - 8);
  const bool size_ok = out.page >= 512 && out.page <= 65536 && (out.page & (out.page - 1)) == 0;
  out.sound = (big(raw) & ~1u) == 0x377f0682 && size_ok && out.sum.is(raw + kHeader - 8);
  return out;
}

// How many of the first frames of the log hold.
std::int64_t Watermark::sound_frames(const Header& header, std::int64_t at_most) {
  Sum sum = header.sum;
  std::vector<unsigned char> frame(kFrameHeader + header.page);
  for (std::int64_t i = 0; i < at_most; ++i) {
    const auto at = static_cast<off_t>(kHeader) + i * static_cast<off_t>(frame.size());
    if (pread(fd_, frame.data(), frame.size(), at) != static_cast<ssize_t>(frame.size())) return i;
    const std::uint64_t salt = std::uint64_t{big(frame.data() + 8)} << 32 | big(frame.data() + 12);
    sum.add(frame.data(), 8);
    sum.add(frame.data() + kFrameHeader, header.page);
    if (salt != header.salt || !sum.is(frame.data() + 16)) return i;
  }
  return at_most;
}

void Watermark::refuse(const char* why) const {
  throw Failure(Error{Errc::data_regression,
                      options_.path + ": " + why + "; to go on with what there is, remove " + options_.path + "-bell"},
                0);
}

}  // namespace penstock::sqlite
