// What an operator sees and sets of flow control: queues, queues pause, queues resume, queues weight, limits,
// limits set, limits reset.
#include <array>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <map>

#include <penstock/manager.hpp>

#include "cli/commands.hpp"
#include "cli/flow_words.hpp"
#include "cli/setup.hpp"
#include "config/units.hpp"

namespace penstock::cli {
namespace {

// The queue and the gate that a command line names; without a gate the queue's own.
struct FlowTarget {
  explicit FlowTarget(const Arguments& arguments)
      : queue(arguments.words[0]), gate(arguments.words.size() > 1 ? arguments.words[1] : "") {}
  std::string queue, gate;
};

// One line: how it stands after what was done.
int print_standing(TaskManager& tasks, const FlowTarget& target) {
  const auto gates = tasks.gates();
  std::string line = config::printable(target.queue);
  if (!target.gate.empty()) line += ", gate " + gate_words(target.gate);
  line += ": " + held_words(find(gates, target.queue, target.gate));
  if (target.queue != "*") {
    line += "; limit: " + words(in_force(gates, target.queue, target.gate));
    if (const GateState* all = find(gates, "*", "")) line += "; queue \"*\", all of them: " + held_words(all);
  }
  std::cout << line << "\n";
  return kOk;
}

Result<Millis> hold_time(const Arguments& arguments) {
  const auto text = arguments.option("for");
  if (!text) return kHoldForever;
  auto time = config::parse_duration(*text);
  if (!time) return Error{Errc::invalid, "--for: " + time.error().message};
  if (*time == Millis(0)) return Error{Errc::invalid, "--for: expected a time above 0"};
  return *time;
}

// `limit`, but for the parts that the command line names.
Result<Limit> changed(Limit limit, const Arguments& arguments) {
  std::map<std::string, config::Written> written;
  for (const Setting& setting : config::limit_settings()) {
    const auto text = arguments.option(setting.key);
    if (!text) continue;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    const bool whole = error == std::errc() && end == text->data() + text->size();
    written[setting.key] = whole && setting.kind == Kind::integer ? config::Written(number) : config::Written(*text);
  }
  if (written.empty()) return Error{Errc::invalid, "limits set: expected --running=N, --rate=N/s or --burst=N"};
  auto values = config::Values::check(config::limit_settings(), written);
  if (!values) return Error{Errc::invalid, "--" + values.error().message};
  if (written.contains("running")) limit.running = values->integer("running");
  if (written.contains("rate")) limit.per_second = values->number("rate");
  if (written.contains("burst")) limit.burst = static_cast<std::uint32_t>(values->integer("burst"));
  return limit;
}

Result<std::optional<unsigned>> wanted_weight(const Arguments& arguments) {
  const bool reset = arguments.flag("--reset"), given = arguments.words.size() > 1;
  if (reset == given) return Error{Errc::invalid, "queues weight: expected a weight, or --reset"};
  if (reset) return std::optional<unsigned>();
  const std::string& text = arguments.words[1];
  unsigned weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (error != std::errc() || end != text.data() + text.size())
    return Error{Errc::invalid, "queues weight: expected a whole number, got " + config::quoted(text)};
  return std::optional<unsigned>(weight);
}

// Of a backend that keeps none: none.
std::map<std::string, unsigned> stored_weights(TaskManager& tasks) {
  return query<Registry>(tasks.backend()) ? tasks.weights() : std::map<std::string, unsigned>();
}

std::string queue_line(const Counts& c, std::span<const GateState> gates,
                       const std::map<std::string, unsigned>& weights) {
  std::string out = padded(c.queue, 24);
  for (State state : {State::scheduled, State::ready, State::leased, State::dead}) {
    std::array<char, 24> number{};
    std::snprintf(number.data(), number.size(), "%11llu ",
                  static_cast<unsigned long long>(c.by_state[static_cast<std::size_t>(state)]));
    out += number.data();
  }
  out += " " + padded(held_words(find(gates, c.queue, "")), 20) + words(in_force(gates, c.queue, ""));
  const auto weight = weights.find(c.queue);
  if (weight != weights.end()) out += "; weight " + std::to_string(weight->second);
  return out + "\n";
}

}  // namespace

int queues(const Arguments& arguments) {
  return reported([&] {
    TaskManager tasks = open_to_look(file_of(arguments));
    const auto gates = tasks.gates();
    std::map<std::string, Counts> by_name;
    const auto weights = stored_weights(tasks);
    for (const GateState& g : gates) by_name[g.queue].queue = g.queue;
    for (const auto& [name, weight] : weights) by_name[name].queue = name;
    for (Counts& c : tasks.counts()) by_name[c.queue] = std::move(c);
    by_name.erase("*");
    if (const GateState* all = find(gates, "*", ""))
      std::cout << "queue \"*\", all of them: " << held_words(all) << "\n";
    std::cout
        << "queue                      scheduled       ready      leased        dead  held                 limit\n";
    for (const auto& [name, counts] : by_name) std::cout << queue_line(counts, gates, weights);
    return static_cast<int>(kOk);
  });
}

int queues_pause(const Arguments& arguments) {
  return reported([&] {
    const FlowTarget target(arguments);
    const Millis time = value_or_throw(hold_time(arguments));
    TaskManager tasks = open_to_look(config_of(arguments));
    tasks.pause(target.queue, target.gate, time);
    return print_standing(tasks, target);
  });
}

int queues_resume(const Arguments& arguments) {
  return reported([&] {
    const FlowTarget target(arguments);
    TaskManager tasks = open_to_look(config_of(arguments));
    tasks.resume(target.queue, target.gate);
    return print_standing(tasks, target);
  });
}

int queues_weight(const Arguments& arguments) {
  return reported([&] {
    const std::string& queue = arguments.words[0];
    const auto weight = value_or_throw(wanted_weight(arguments));
    TaskManager tasks = open_to_look(config_of(arguments));
    tasks.set_weight(queue, weight);
    std::cout << config::printable(queue) << ": "
              << (weight ? "weight " + std::to_string(*weight) : "weight of the config") << "\n";
    return static_cast<int>(kOk);
  });
}

int limits(const Arguments& arguments) {
  return reported([&] {
    TaskManager tasks = open_to_look(file_of(arguments));
    std::cout << table(tasks.gates());
    return static_cast<int>(kOk);
  });
}

int limits_set(const Arguments& arguments) {
  return reported([&] {
    const FlowTarget target(arguments);
    value_or_throw(changed({}, arguments));  // what is wrong with it is said before a store is opened
    TaskManager tasks = open_to_look(config_of(arguments));
    const Limit now = in_force(tasks.gates(target.queue), target.queue, target.gate).limit;
    tasks.set_limit(target.queue, target.gate, value_or_throw(changed(now, arguments)));
    return print_standing(tasks, target);
  });
}

int limits_reset(const Arguments& arguments) {
  return reported([&] {
    const FlowTarget target(arguments);
    TaskManager tasks = open_to_look(config_of(arguments));
    tasks.set_limit(target.queue, target.gate, std::nullopt,
                    arguments.flag("--declared") ? Layer::declared : Layer::operator_);
    return print_standing(tasks, target);
  });
}

}  // namespace penstock::cli
