#include "cli/check/bench.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <iterator>
#include <sstream>

#include <penstock/task.hpp>

#include "cli/check/table.hpp"
#include "config/text.hpp"
#include "plugins/child.hpp"

namespace penstock::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStretch{250};
constexpr std::uint32_t kMany = 100;
constexpr std::array kRows = {"enqueue, one at a time", "enqueue, 100 at once", "claim and settle, 100 at once"};
using Figures = std::array<double, kRows.size()>;  // tasks per second

// Why there is no figure.
struct Refused {
  std::string why;
};

template <class T>
T answer(Result<T> said, const char* call) {
  if (!said) throw Refused{std::string(call) + ": " + said.error().message};
  return std::move(said).value();
}

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
  const auto admitted = answer(backend.enqueue(tasks, nullptr), "enqueue");
  const auto let_in = std::ranges::count(admitted, Item::ok, &Admission::what);
  if (let_in != count) throw Refused{"enqueue: " + std::to_string(let_in) + " of " + std::to_string(count) + " let in"};
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
  auto done = answer(backend.exchange(e), "exchange");
  const auto settled = static_cast<std::size_t>(std::ranges::count(done.settled, Item::ok));
  if (settled != held.size()) {
    throw Refused{"exchange: " + std::to_string(settled) + " of " + std::to_string(held.size()) + " settled"};
  }
  held = std::move(done.leased);
  return held.size();
}

// The figures, and then the durability, which may be any text.
std::string measured(const Target& target) {
  Subject subject(target, false);
  std::unique_ptr<Interface> object = subject.open();
  auto& backend = static_cast<DurableBackend&>(*object);
  const std::uint32_t many = std::min(kMany, backend.properties().max_batch);
  std::vector<Leased> held;
  std::ostringstream out;
  out << rate([&] { return enqueue(backend, 1); }) << ' ' << rate([&] { return enqueue(backend, many); }) << ' ';
  const double worked = rate([&] { return work(backend, many, held); });
  if (worked == 0) throw Refused{"exchange: nothing of what was let in is offered"};
  const char* durability = backend.properties().durability;
  out << worked << ' ' << (durability ? durability : "");
  return out.str();
}

Result<std::string> measured_in_child(const Target& target) {
  return plugins::in_child(
      [&]() -> Result<std::string> {
        try {
          return measured(target);
        } catch (const Refused& refused) {
          return Error{Errc::internal, refused.why};
        }
      },
      std::chrono::seconds(20));
}

std::string rounded(double per_second) { return std::to_string(static_cast<long long>(per_second)); }

}  // namespace

std::string bench_table(const std::vector<Target>& backends) {
  std::string head = "| tasks per second |", rule = "|---|";
  std::string missing;
  std::array<std::string, kRows.size()> rows;
  for (std::size_t i = 0; i < kRows.size(); ++i) rows[i] = std::string("| ") + kRows[i] + " |";
  for (const Target& target : backends) {
    auto said = measured_in_child(target);
    if (!said) {
      missing += "\n" + target.name + " was not measured: " + config::printable(said.error().message, 400) + "\n";
      continue;
    }
    std::istringstream in(*said);
    for (std::string& row : rows) {
      double figure = 0;
      in >> figure;
      row += " " + rounded(figure) + " |";
    }
    const std::string durability(std::istreambuf_iterator<char>(in >> std::ws), {});
    head += " " + target.name + " (" + cell(durability) + ") |", rule += "--:|";
  }
  std::string out = head + "\n" + rule + "\n";
  for (const std::string& row : rows) out += row + "\n";
  return out + missing;
}

}  // namespace penstock::cli
