#include "cli/check/bench.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <sstream>

#include <penstock/task.hpp>

#include "plugins/child.hpp"

namespace penstock::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStretch{250};
constexpr std::uint32_t kMany = 100;
constexpr std::array kRows = {"enqueue, one at a time", "enqueue, 100 at once", "claim and settle, 100 at once"};
using Figures = std::array<double, kRows.size()>;  // tasks per second

struct Refused {};

// Tasks per second of `step`, which says how many it did, and 0 when there is nothing left to do.
double rate(const std::function<std::size_t()>& step) {
  std::size_t done = 0, more = 1;
  const Clock::time_point start = Clock::now();
  while (more > 0 && Clock::now() - start < kStretch) done += more = step();
  return static_cast<double>(done) / std::chrono::duration<double>(Clock::now() - start).count();
}

std::size_t enqueue(DurableBackend& backend, std::uint32_t count) {
  static const std::string body(100, 'x');
  std::vector<NewTask> tasks(count);
  for (NewTask& task : tasks) {
    task.key = {"check", make_task_id()};
    task.kind = "check", task.body = body;
  }
  if (!backend.enqueue(tasks, nullptr)) throw Refused{};
  return count;
}

// Settles what the exchange before claimed, and claims again.
std::size_t work(DurableBackend& backend, std::uint32_t count, std::vector<Leased>& held) {
  std::vector<Settlement> settle;
  for (const Leased& t : held) settle.push_back({.key = {t.queue, t.id}, .epoch = t.epoch});
  const Share share{"check", count};
  Exchange e;
  e.settle = settle, e.claim = std::span(&share, 1), e.limit = e.begin = count;
  e.lease = std::chrono::seconds(10), e.worker = "check";
  auto answer = backend.exchange(e);
  if (!answer) throw Refused{};
  held = std::move(answer->leased);
  return held.size();
}

std::string measured(const Target& target) {
  Subject subject(target, false);
  std::unique_ptr<Interface> object = subject.open();
  auto& backend = static_cast<DurableBackend&>(*object);
  const std::uint32_t many = std::min(kMany, backend.properties().max_batch);
  std::vector<Leased> held;
  std::ostringstream out;
  out << backend.properties().durability << ' ' << rate([&] { return enqueue(backend, 1); }) << ' '
      << rate([&] { return enqueue(backend, many); }) << ' ' << rate([&] { return work(backend, many, held); });
  return out.str();
}

std::string rounded(double per_second) { return std::to_string(static_cast<long long>(per_second)); }

}  // namespace

std::string bench_table(const std::vector<Target>& backends) {
  std::string head = "| tasks per second |", rule = "|---|";
  std::array<std::string, kRows.size()> rows;
  for (std::size_t i = 0; i < kRows.size(); ++i) rows[i] = std::string("| ") + kRows[i] + " |";
  for (const Target& target : backends) {
    auto said = plugins::in_child(
        [&]() -> Result<std::string> {
          try {
            return measured(target);
          } catch (const Refused&) {
            return Error{Errc::internal, "a call failed"};
          }
        },
        std::chrono::seconds(20));
    if (!said) continue;
    std::istringstream in(*said);
    std::string durability;
    in >> durability;
    head += " " + target.name + " (" + durability + ") |", rule += "--:|";
    for (std::string& row : rows) {
      double figure = 0;
      in >> figure;
      row += " " + rounded(figure) + " |";
    }
  }
  std::string out = head + "\n" + rule + "\n";
  for (const std::string& row : rows) out += row + "\n";
  return out;
}

}  // namespace penstock::cli
