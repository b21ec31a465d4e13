// conformance [--plugin NAME]... [--list] [--verbose] [--seed N] [--repeat N] [PREFIX]
//
// Runs the promises of durable backends whose names start with PREFIX on the backends there are, all of
// them unless some are named. Prints each broken promise, a summary per backend, and at the end
// "N passed, N failed" over all. Exit: 0 kept, 1 broken, 2 usage, 77 nothing could run.
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "conformance/harnesses.hpp"

namespace {

using namespace penstock::conformance;

struct Options {
  std::vector<std::string> plugins;
  std::string prefix, junit;
  bool list = false, verbose = false;
  std::uint64_t seed = 1;
  int repeat = 10;
};

struct Run {
  std::string plugin;
  Report report;
};

Options parse(int argc, char** argv) {
  const std::string gtest = "--gtest_output=xml:";  // what Meson passes under protocol 'gtest'
  Options o;
  std::vector<std::string> args(argv + 1, argv + argc);
  for (std::size_t i = 0; i < args.size(); ++i) {
    const auto value = [&] {
      if (i + 1 == args.size()) throw std::invalid_argument(args[i] + " wants a value");
      return args[++i];
    };
    if (args[i].rfind(gtest, 0) == 0) {
      o.junit = args[i].substr(gtest.size());
    } else if (args[i] == "--plugin") {
      o.plugins.push_back(value());
    } else if (args[i] == "--seed") {
      o.seed = std::stoull(value());
    } else if (args[i] == "--repeat") {
      o.repeat = std::stoi(value());
    } else if (args[i] == "--list") {
      o.list = true;
    } else if (args[i] == "--verbose") {
      o.verbose = true;
    } else if (args[i].rfind("-", 0) == 0) {
      throw std::invalid_argument("unknown option " + args[i]);
    } else {
      o.prefix = args[i];
    }
  }
  if (o.plugins.empty()) o.plugins = available();
  return o;
}

std::string xml(std::string_view s) {
  std::string out;
  for (char c : s) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

void write_junit(const std::string& path, const std::vector<Run>& runs) {
  std::ofstream out(path);
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const Run& run : runs) {
    const Report& r = run.report;
    out << "<testsuite name=\"conformance." << run.plugin << "\" tests=\"" << r.outcomes.size() << "\" failures=\""
        << r.count(Verdict::broken) << "\" errors=\"0\" skipped=\"" << r.count(Verdict::unsupported) << "\">\n";
    for (const Outcome& o : r.outcomes) {
      out << "<testcase classname=\"conformance." << run.plugin << "\" name=\"" << o.name << "\" time=\""
          << o.seconds << "\">";
      if (o.verdict == Verdict::broken) out << "<failure message=\"" << xml(o.detail) << "\"/>";
      if (o.verdict == Verdict::unsupported) out << "<skipped message=\"" << xml(o.detail) << "\"/>";
      out << "</testcase>\n";
    }
    out << "</testsuite>\n";
  }
  out << "</testsuites>\n";
}

Report run_one(const Harness& harness, const Options& o) {
  Report report;
  for (const Promise& p : promises()) {
    if (std::string_view(p.name).substr(0, o.prefix.size()) != o.prefix) continue;
    report.outcomes.push_back(run(p, harness));
    const Outcome& last = report.outcomes.back();
    if (o.verbose || last.verdict == Verdict::broken) std::cout << line(last) << std::endl;
    if (last.verdict == Verdict::broken) std::cout << "       " << p.text << std::endl;
  }
  return report;
}

int run_all(const Options& o) {
  std::vector<Run> runs;
  std::size_t passed = 0, failed = 0;
  for (const std::string& name : o.plugins) {
    Harness harness = harness_for(name);
    harness.seed = o.seed, harness.repeat = o.repeat;
    runs.push_back({name, run_one(harness, o)});
    const Report& r = runs.back().report;
    std::cout << name << ": " << r.count(Verdict::kept) << " kept, " << r.count(Verdict::broken) << " broken, "
              << r.count(Verdict::unsupported) << " unsupported" << std::endl;
    passed += r.count(Verdict::kept), failed += r.count(Verdict::broken);
  }
  if (!o.junit.empty()) write_junit(o.junit, runs);
  std::cout << passed << " passed, " << failed << " failed" << std::endl;
  if (failed) return 1;
  return passed ? 0 : 77;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options o = parse(argc, argv);
    if (!o.list) return run_all(o);
    for (const Promise& p : promises()) std::cout << p.name << "\n    " << p.text << "\n";
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "conformance: " << e.what() << std::endl;
    return 2;
  }
}
