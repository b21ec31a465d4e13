#include "torture/soak/mix.hpp"

#include <utility>

#include "torture/tasks.hpp"

extern "C" const penstock::PluginDescriptor* penstock_plugin_0_redis() noexcept;

namespace penstock::torture {

Order order_of(std::vector<int> numbers, std::string_view queue) {
  Order out;
  const int first = numbers.front();
  out.sort = sort_of(first);
  out.numbers = std::move(numbers);
  out.options.queue = std::string(queue);
  out.options.queue_limit = 20'000;
  switch (out.sort) {
    case Sort::prior:
      out.options.priority = first % 21 - 10;
      out.options.weight = static_cast<std::uint16_t>(1 + first % 100);
      break;
    case Sort::delayed:
    case Sort::cancelled:
      out.due = Millis(first * 37 % 1'500);
      out.options.delay = out.due;
      break;
    case Sort::dated:
      out.due = Millis(500 + first * 37 % 1'500);
      out.options.at = std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()) + out.due;
      break;
    case Sort::kept:
      out.options.keep_result = Millis(2'000);
      break;
    default:
      break;
  }
  return out;
}

Draft draft_of(int number) {
  Draft out{kWork, body_of(number), ""};
  const std::string key = std::to_string(number / 7 % 9);
  if (sort_of(number) == Sort::unique) out.keys.unique = "one-" + std::to_string(number / 64 % 9);
  if (sort_of(number) == Sort::fair) out.keys.fair = "tenant-" + key;
  if (sort_of(number) == Sort::gated) out.keys.gates = {"tenant:" + key};
  return out;
}

bool may_end_as(Sort sort, Status status) {
  if (sort == Sort::dead) return status == Status::failed;
  if (sort == Sort::discarded) return status == Status::cancelled;
  return status == Status::succeeded || (sort == Sort::cancelled && status == Status::cancelled);
}

std::vector<std::string> StorePlace::words() const {
  std::vector<std::string> out{backend};
  for (const auto& [key, value] : settings) out.push_back(std::string(key).append("=").append(value));
  return out;
}

StorePlace StorePlace::of(std::span<char* const> words) {
  StorePlace out{words[0], {}};
  for (const char* const one : words.subspan(1)) {
    const std::string word = one;
    const std::size_t equals = word.find('=');
    out.settings[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return out;
}

penstock::Options soak_options(const StorePlace& place) {
  penstock::Options o;
  o.log_level = Level::error;
  o.plugins = {penstock_plugin_0_redis};
  o.backend.use = place.backend;
  for (const auto& [key, value] : place.settings) o.backend.settings[key] = value;
  o.queues = {{"alpha", 3}, {"beta", 2}, {"gamma", 1}, {"local", 1}};
  for (const std::string_view queue : kSoakQueues) o.limits[std::string(queue) + "/tenant"] = {.running = 3};
  o.limits["beta"] = {.per_second = 2'000, .burst = 200};
  o.lease = Millis(1'500);
  o.max_crashes = 1'000'000;  // here processes die of other things than their tasks
  o.result_age = Millis(10'000);
  o.result_bytes = 64 << 10;
  o.ended_count = 200;
  o.ended_age = Millis(5'000);
  o.threads = 2;
  return o;
}

}  // namespace penstock::torture
