#include "torture/soak/flat.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace penstock::torture {
namespace {

constexpr std::chrono::seconds kLongEnough{3'600};
constexpr double kMebi = 1'024 * 1'024;
// Sanitizers keep freed memory, and their own about it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kMemory = 1'000 * kMebi;
#elif defined(__has_feature)
constexpr double kMemory = (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ? 1'000 : 2) * kMebi;
#else
constexpr double kMemory = 2 * kMebi;
#endif

struct Resources {
  double memory = 0, descriptors = 0, threads = 0;
};

// Memory that files or other processes share is not counted: it comes with the pages that are touched.
Resources look_at(pid_t pid) {
  const std::filesystem::path process = "/proc/" + std::to_string(pid);
  Resources out;
  std::ifstream status(process / "status");
  for (std::string key; status >> key; status.ignore(1'000, '\n')) {
    if (key == "RssAnon:") status >> out.memory;
    if (key == "Threads:") status >> out.threads;
  }
  out.memory *= 1'024;
  if (out.threads == 0) throw std::runtime_error("a process that is watched has ended");
  for (const auto& entry : std::filesystem::directory_iterator(process / "fd")) {
    (void)entry;
    ++out.descriptors;
  }
  return out;
}

std::string text(double value) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(value < 10'000 ? 0 : 2);
  if (value < 10'000) {
    out << value;
  } else {
    out << value / kMebi << " MiB";
  }
  return out.str();
}

}  // namespace

Series::Series(std::string what, Allowance allowed, std::size_t most)
    : what_(std::move(what)), allowed_(allowed), values_(most) {}

void Series::add(double value) {
  if (count_ < values_.size()) values_[count_++] = value;
}

double Series::median(std::size_t from, std::size_t to) const {
  std::vector<double> part(values_.begin() + static_cast<std::ptrdiff_t>(from),
                           values_.begin() + static_cast<std::ptrdiff_t>(to));
  const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
  std::ranges::nth_element(part, middle);
  return *middle;
}

Series::Trend Series::trend(std::chrono::seconds ran) const {
  const std::size_t third = count_ / 3;
  if (third == 0) throw std::runtime_error("too few samples of " + what_);
  const double before = median(third, 2 * third), after = median(2 * third, count_);
  double allowed = std::max(allowed_.absolute, before * allowed_.share);
  if (allowed_.per_hour > 0 && ran >= kLongEnough)
    allowed = allowed_.per_hour * std::chrono::duration<double, std::ratio<3'600>>(ran).count() / 3;
  const bool flat = after <= before + allowed;
  return {flat, what_ + " " + text(before) + " -> " + text(after) +
                    (flat ? "" : " (GROWS: " + text(allowed) + " more would be allowed)")};
}

void Flatness::watch(const std::string& who, pid_t pid, double descriptors) {
  processes_.push_back({pid,
                        {"memory of " + who, {.absolute = kMemory, .per_hour = kMebi}, most_},
                        {"descriptors of " + who, {.absolute = descriptors}, most_},
                        {"threads of " + who, {.absolute = 2}, most_}});
}

void Flatness::watch_store(const std::string& what, Allowance allowed) { store_.emplace_back(what, allowed, most_); }

void Flatness::sample(const std::vector<double>& store) {
  for (Watched& w : processes_) {
    const Resources now = look_at(w.pid);
    w.memory.add(now.memory), w.descriptors.add(now.descriptors), w.threads.add(now.threads);
  }
  for (std::size_t i = 0; i < store.size(); ++i) store_.at(i).add(store[i]);
}

bool Flatness::judge(const std::string& of, std::chrono::seconds ran) const {
  bool flat = true;
  std::string all;
  const auto add = [&](const Series& series) {
    const Series::Trend trend = series.trend(ran);
    flat = flat && trend.flat;
    all += (all.empty() ? "" : ", ") + trend.text;
  };
  for (const Watched& w : processes_) add(w.memory), add(w.descriptors), add(w.threads);
  for (const Series& s : store_) add(s);
  std::cout << of + ": medians of the second and the last third: " + all + "\n" << std::flush;
  return flat;
}

}  // namespace penstock::torture
