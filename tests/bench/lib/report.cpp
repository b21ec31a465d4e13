#include "bench/lib/report.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <sys/utsname.h>
#include <thread>

namespace penstock::bench {
namespace {

std::string number(double v) {
  char text[32];
  const double size = std::abs(v);
  std::snprintf(text, sizeof text, size >= 1000 ? "%.0f" : size >= 100 ? "%.1f" : size >= 1 ? "%.2f" : "%.4f", v);
  return text;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out + '"';
}

std::string json(const std::string& area, const Row& r) {
  std::ostringstream out;
  auto value = [](double v) { return std::isfinite(v) ? number(v) : "null"; };
  out << "{\"area\": " << quoted(area) << ", \"id\": " << quoted(r.id) << ", \"what\": " << quoted(r.what)
      << ", \"value\": " << (r.values.empty() ? "null" : value(r.value())) << ", \"unit\": " << quoted(r.unit)
      << ", \"ceiling\": " << (r.ceilings.empty() ? "null" : value(r.ceiling()))
      << ", \"ceiling_name\": " << (r.ceiling_name.empty() ? "null" : quoted(r.ceiling_name))
      << ", \"ratio\": " << (r.ceilings.empty() || r.values.empty() ? "null" : value(r.ratio()))
      << ", \"bar\": " << quoted(r.bar) << ", \"met\": "
      << (!r.met   ? "null"
          : *r.met ? "true"
                   : "false")
      << ", \"spread\": ";
  if (r.values.empty()) {
    out << "null";
  } else {
    out << '[' << value(least(r.values)) << ", " << value(most(r.values)) << ']';
  }
  if (!r.line.empty()) out << ", \"line\": " << quoted(r.line) << ", \"x\": " << std::llround(r.x);
  out << ", \"note\": " << quoted(r.note) << '}';
  return out.str();
}

std::string first_value(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(key, 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "?";
}

void print_machine(const Run& run) {
  utsname system{};
  uname(&system);
  std::string load = "?";
  std::ifstream("/proc/loadavg") >> load;
  std::printf("%s, %u cores, %s; %s %s; load of the machine %s; %s\n",
              first_value("/proc/cpuinfo", "model name").c_str(), std::thread::hardware_concurrency(),
              first_value("/proc/meminfo", "MemTotal").c_str(), system.sysname, system.release, load.c_str(),
              "compiled by " __VERSION__);
  if (run.smoke) {
    std::printf("smoke run: tiny sizes, one round; the figures mean nothing\n");
  } else {
    std::printf("medians of %d interleaved rounds, [least..most]; ratios are medians of the rounds' ratios\n",
                run.rounds);
  }
}

[[noreturn]] void mistake(const std::string& text) {
  std::cerr << "bench: " << text << "\n";
  std::exit(2);
}

}  // namespace

Run::Run(int argc, char** argv) {
  const char* set = std::getenv("PENSTOCK_BENCH_SMOKE");
  smoke = set && *set && std::string(set) != "0";
  if (const char* count = std::getenv("PENSTOCK_BENCH_ROUNDS")) rounds = std::atoi(count);
  if (const char* ids = std::getenv("PENSTOCK_BENCH_ONLY")) only = ids;
  if (const char* tasks = std::getenv("PENSTOCK_BENCH_WAITING")) {
    asked_waiting = std::strtoull(tasks, nullptr, 10);
    if (asked_waiting < 1) mistake("PENSTOCK_BENCH_WAITING is not a number above 0");
  }
  if (smoke) rounds = 1;
  if (rounds < 1) mistake("PENSTOCK_BENCH_ROUNDS is not a number above 0");
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) != "--json" || i + 1 == argc)
      mistake(std::string("what is '") + argv[i] + "'? (known: --json FILE)");
    json = argv[++i];
  }
}

Report::Report(const Run& run, const std::string& area) : run_(run), area_(area) {
  std::printf("== %s\n", area.c_str());
  print_machine(run);
  std::printf("%-3s %-46s %22s %-24s %10s %7s  %s\n", "id", "what", "median", "[least..most]", "ceiling", "ratio",
              "bar");
  std::fflush(stdout);
}

void Report::version(const std::string& program, const std::string& version) {
  std::printf("      (%s %s)\n", program.c_str(), version.c_str());
  std::fflush(stdout);
}

void Report::add(Row r) {
  if (run_.smoke) r.met.reset();
  const bool compared = !r.ceilings.empty() && !r.values.empty();
  const std::string value = r.values.empty() ? "-" : number(r.value()) + " " + r.unit;
  const std::string spread =
      r.values.empty() ? "" : "[" + number(least(r.values)) + ".." + number(most(r.values)) + "]";
  std::printf("%-3s %-46s %22s %-24s %10s %7s  %s: %s\n", r.id.c_str(), r.what.c_str(), value.c_str(), spread.c_str(),
              r.ceilings.empty() ? "-" : number(r.ceiling()).c_str(), compared ? number(r.ratio()).c_str() : "-",
              r.bar.c_str(),
              !r.met   ? "not judged"
              : *r.met ? "met"
                       : "NOT MET");
  if (!r.note.empty()) std::printf("      %s\n", r.note.c_str());
  std::fflush(stdout);
  rows_.push_back(std::move(r));
}

void Report::load(const Series& foreign) {
  std::printf("      (other processes used %s cores meanwhile)\n", number(median(foreign)).c_str());
  std::fflush(stdout);
}

void Report::write() const {
  if (run_.json.empty()) return;
  std::ofstream out(run_.json);
  out << "[\n";
  for (std::size_t i = 0; i < rows_.size(); ++i)
    out << ' ' << json(area_, rows_[i]) << (i + 1 < rows_.size() ? ",\n" : "\n");
  out << "]\n";
  if (!out.flush()) throw std::runtime_error("cannot write " + run_.json);
}

int run_area(int argc, char** argv, const std::string& area, void (*measure)(const Run&, Report&)) {
  const Run run(argc, argv);
  try {
    Report report(run, area);
    measure(run, report);
    report.write();
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "bench: " << e.what() << "\n";
    return 1;
  }
}

}  // namespace penstock::bench
