// The commands of the penstock program, and what they share.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/error.hpp>
#include <penstock/plugin/result.hpp>

namespace penstock::cli {

// What the program ends with. 2 is for a command line or a config that is wrong.
enum Exit : int { kOk = 0, kFailed = 1, kUsage = 2 };

struct Arguments {
  std::vector<std::string> words;                                // after the command's own name, options taken out
  std::vector<std::string> flags;                                // "--defaults"
  std::multimap<std::string, std::string, std::less<>> options;  // "--for=5m" is "for" to "5m"

  bool flag(std::string_view name) const;
  std::optional<std::string> option(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;  // of an option that may be repeated
};

struct Command {
  const char* name;  // "plugin list"
  // For the usage text: "[FILE] [--defaults] [--for=TIME] [--set=KEY=VALUE]...". Words outside [] are required;
  // dots behind an option let it be repeated.
  const char* arguments;
  const char* doc;
  int (*run)(const Arguments&);
};
std::span<const Command> commands();

// Finds the command that `args` begins with, the one with the longest name, and runs it. Misuse is one line on stderr
// and kUsage.
int run(const std::vector<std::string>& args);

// Prints one line, "penstock: <message>", on stderr and returns `code`.
int fail(const std::string& message, int code = kFailed);
// The exit code that an error leads to: kUsage for Errc::invalid, else kFailed.
int fail(const Error& error);
// Runs `f`; an Exception that it throws is one line and an exit code.
template <class F>
int reported(F&& f) {
  try {
    return f();
  } catch (const Exception& e) {
    return fail(e.error());
  }
}

int plugin_list(const Arguments&);
int plugin_inspect(const Arguments&);
int plugin_check(const Arguments&);
int plugin_new(const Arguments&);
int plugin_doc(const Arguments&);
int config_check(const Arguments&);
int config_show(const Arguments&);
int run_worker(const Arguments&);
int stats(const Arguments&);
int doctor(const Arguments&);
int verify(const Arguments&);
int queues(const Arguments&);
int queues_pause(const Arguments&);
int queues_weight(const Arguments&);
int queues_resume(const Arguments&);
int limits(const Arguments&);
int limits_set(const Arguments&);
int limits_reset(const Arguments&);
int explain(const Arguments&);

}  // namespace penstock::cli
