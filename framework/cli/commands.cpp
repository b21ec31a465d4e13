#include "cli/commands.hpp"

#include <algorithm>
#include <iostream>

#include <penstock/plugin/abi.hpp>

#include "config/text.hpp"

namespace penstock::cli {
namespace {

int version(const Arguments&) {
  std::cout << "penstock " PENSTOCK_VERSION "\nplugin stamp: " PENSTOCK_ABI_STAMP "\n";
  return kOk;
}

int help(const Arguments&) {
  constexpr std::size_t kWidth = 28;  // what is longer has a line of its own
  std::cout << "usage: penstock COMMAND [ARGUMENT]...\n\n";
  for (const Command& c : commands()) {
    const std::string words = std::string(c.name) + (*c.arguments ? " " : "") + c.arguments;
    const std::string gap =
        words.size() <= kWidth ? std::string(kWidth - words.size(), ' ') : "\n  " + std::string(kWidth, ' ');
    std::cout << "  " << words << gap << "  " << c.doc << "\n";
  }
  return kOk;
}

constexpr Command kCommands[] = {
    {"config check", "[FILE]", "Check a config file, penstock.toml by default.", config_check},
    {"config show", "[FILE] [--defaults]", "Print the values that hold, or those that hold without a file.",
     config_show},
    {"doctor", "[FILE]",
     "Try the configured backend: what it says of itself, what is risky about it, how fast it answers.", doctor},
    {"explain", "KIND [--config=FILE]", "Print how tasks of a kind are treated and who says so.", explain},
    {"help", "", "Print this.", help},
    {"limits", "[FILE]", "Print what is set for queues, gates and classes of gates, and how they stand.", limits},
    {"limits reset", "QUEUE [GATE] [--declared] [--config=FILE]",
     "Take an operator's limit away, or the one that programs declared.", limits_reset},
    {"limits set", "QUEUE [GATE] [--running=N] [--rate=N/s] [--burst=N] [--config=FILE]",
     "Set an operator's limit; what is not named stays as it is in force.", limits_set},
    {"plugin check", "FILE|NAME [--set=KEY=VALUE]... [--only=PROMISES] [--limit=TIME] [--no-bench]",
     "Run the conformance kit on a plugin, in child processes; --set gives it settings, --only=settle. names promises.",
     plugin_check},
    {"plugin doc", "[FILE|NAME]", "Print the settings of a plugin, or of all that can be reached, as Markdown.",
     plugin_doc},
    {"plugin inspect", "FILE|NAME", "Print what a plugin offers and how it is set up.", plugin_inspect},
    {"plugin list", "[FILE]", "List the plugins that a config file's settings, or the defaults, can reach.",
     plugin_list},
    {"plugin new", "NAME [--kind=KIND] [DIR]",
     "Write the project of a backend, codec, handlers, limiter or tracer, which builds and works, into a new folder.",
     plugin_new},
    {"queues", "[FILE]", "Print each queue's tasks, whether it is held, its limit, and its weight in the store.",
     queues},
    {"queues pause", "QUEUE [GATE] [--for=TIME] [--config=FILE]",
     "Start nothing more of a queue, or of a gate; \"*\" is every queue.", queues_pause},
    {"queues resume", "QUEUE [GATE] [--config=FILE]", "Let a queue or a gate go on.", queues_resume},
    {"queues weight", "QUEUE [WEIGHT] [--reset] [--config=FILE]",
     "Set a queue's share of the work, for all processes; --reset: as their configs have it.", queues_weight},
    {"run", "[FILE] [--config=FILE]", "Work on the handler modules that the config names, until SIGTERM or SIGINT.",
     run_worker},
    {"stats", "[FILE]", "Print how many tasks of each queue are in which state.", stats},
    {"verify", "[FILE]", "Check that what the configured backend holds agrees with itself; changes nothing.", verify},
    {"version", "", "Print the version and what plugins must agree with.", version},
};

bool starts_with(const std::vector<std::string>& args, std::string_view name, std::size_t& used) {
  for (used = 0; !name.empty(); ++used) {
    std::string_view word = name.substr(0, name.find(' '));
    if (used == args.size() || args[used] != word) return false;
    name.remove_prefix(std::min(word.size() + 1, name.size()));
  }
  return true;
}

// How many words a command takes at least and at most, as its usage text says.
std::pair<std::size_t, std::size_t> word_counts(std::string_view usage) {
  std::size_t least = 0, most = 0;
  while (!usage.empty()) {
    std::string_view item = usage.substr(0, usage.find(' '));
    bool option = item.find("--") != std::string_view::npos;
    most += !option;
    least += !option && item[0] != '[';
    usage.remove_prefix(std::min(item.size() + 1, usage.size()));
  }
  return {least, most};
}

int unknown(const std::vector<std::string>& args) {
  std::vector<std::string_view> known;
  for (const Command& c : commands()) known.emplace_back(c.name);
  std::string said = args[0] + (args.size() > 1 ? " " + args[1] : "");
  std::string_view near = config::nearest(said, known);
  if (near.empty()) {
    said = args[0];
    near = config::nearest(said, known);
  }
  return fail("unknown command " + config::quoted(said) +
                  (near.empty() ? "; \"penstock help\" lists them" : "; did you mean \"" + std::string(near) + "\"?"),
              kUsage);
}

int misuse(const Command& c) {
  return fail(std::string("usage: penstock ") + c.name + (*c.arguments ? " " : "") + c.arguments, kUsage);
}

// True for an option that the usage text has as "[--for=TIME]": "--for 5m" is the same as "--for=5m".
bool wants_value(std::string_view usage, const std::string& word) {
  return word.find('=') == word.npos && usage.find("[" + word + "=") != usage.npos;
}

// Takes "--defaults" or "--for=5m" into `out`; false: the usage text has no such option, or it came before.
bool take_option(std::string_view usage, const std::string& word, Arguments& out) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) {
    out.flags.push_back(word);
    return usage.find("[" + word + "]") != std::string_view::npos;
  }
  const std::size_t at = usage.find("[" + word.substr(0, equals + 1));
  if (at == std::string_view::npos) return false;
  const std::string name = word.substr(2, equals - 2);
  const bool repeatable = usage.substr(usage.find(']', at)).substr(0, 4) == "]...";
  if (!repeatable && out.options.contains(name)) return false;
  out.options.emplace(name, word.substr(equals + 1));
  return true;
}

int start(const Command& c, std::span<const std::string> rest) {
  Arguments arguments;
  bool options = true;  // until "--"
  for (std::size_t i = 0; i < rest.size(); ++i) {
    std::string word = rest[i];
    if (options && word == "--") {
      options = false;
    } else if (options && word.rfind("--", 0) == 0) {
      if (wants_value(c.arguments, word) && i + 1 < rest.size()) word += "=" + rest[++i];
      if (!take_option(c.arguments, word, arguments)) return misuse(c);
    } else {
      arguments.words.push_back(word);
    }
  }
  auto [least, most] = word_counts(c.arguments);
  if (arguments.words.size() < least || arguments.words.size() > most) return misuse(c);
  return c.run(arguments);
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

bool Arguments::flag(std::string_view name) const { return std::ranges::find(flags, name) != flags.end(); }

std::optional<std::string> Arguments::option(std::string_view name) const {
  const auto at = options.find(name);
  return at == options.end() ? std::nullopt : std::optional(at->second);
}

std::vector<std::string> Arguments::all(std::string_view name) const {
  std::vector<std::string> out;
  for (auto [at, end] = options.equal_range(name); at != end; ++at) out.push_back(at->second);
  return out;
}

int fail(const std::string& message, int code) {
  std::cerr << "penstock: " << message << "\n";
  return code;
}

int fail(const Error& error) {
  return fail(config::printable(error.message, 4096), error.code == Errc::invalid ? kUsage : kFailed);
}

int run(const std::vector<std::string>& args) {
  if (args.empty()) return fail("expected a command; \"penstock help\" lists them", kUsage);
  if (args[0] == "--help" || args[0] == "-h") return help({});
  if (args[0] == "--version") return version({});
  const Command* found = nullptr;
  std::size_t longest = 0, used = 0;
  for (const Command& c : kCommands) {
    if (!starts_with(args, c.name, used) || used <= longest) continue;
    found = &c;
    longest = used;
  }
  return found ? start(*found, std::span(args).subspan(longest)) : unknown(args);
}

}  // namespace penstock::cli
