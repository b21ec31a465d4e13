#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <unistd.h>

#include "report.hpp"

namespace digest {
namespace {

constexpr int kWidth = 32;

std::string left_text(double seconds) {
  if (seconds < 0 || seconds > 359'999) return "--:--";
  auto s = static_cast<long>(seconds + 0.5);
  char text[32];
  if (s >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  } else {
    std::snprintf(text, sizeof text, "%02ld:%02ld", s / 60, s % 60);
  }
  return text;
}

void draw(const Progress& p, double seconds, bool terminal) {
  std::size_t here = p.done + p.failed, all = here + p.before;
  double rate = seconds > 0 ? double(here) / seconds : 0;
  double share = p.total ? double(all) / double(p.total) : 1;
  double left = rate > 0 ? double(p.total - std::min(p.total, all)) / rate : -1;
  if (!terminal) {
    std::printf("%zu of %zu done, %.0f/s, %zu failed, %s left\n", all, p.total, rate, p.failed.load(),
                left_text(left).c_str());
  } else {
    std::string bar(static_cast<std::size_t>(share * kWidth), '#');
    std::printf("\r[%-*s] %zu/%zu  %.0f/s  %zu failed  %s left \033[K", kWidth, bar.c_str(), all, p.total, rate,
                p.failed.load(), left_text(left).c_str());
  }
  std::fflush(stdout);
}

}  // namespace

void show_progress(std::stop_token stop, const Progress& progress) {
  const bool terminal = isatty(STDOUT_FILENO);
  const auto every = std::chrono::milliseconds(terminal ? 100 : 2000);
  auto start = std::chrono::steady_clock::now();
  auto elapsed = [start] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  std::mutex mutex;
  std::condition_variable_any pause;
  std::unique_lock lock(mutex);
  while (!pause.wait_for(lock, stop, every, [&] { return stop.stop_requested(); })) {
    if (stop.stop_requested()) break;
    draw(progress, elapsed(), terminal);
  }
  draw(progress, elapsed(), terminal);
  if (terminal) std::printf("\n");
}

}  // namespace digest
