// What a benchmark says: one table for people, the same rows as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/lib/rounds.hpp"

namespace penstock::bench {

// One figure against its bar. The ids and the bars are those of the project's list of budgets; an id
// with several parts has a row for each.
struct Row {
  std::string id, what, unit;
  Series values;    // ours, one per round
  Series ceilings;  // of the same rounds; empty: the bar names none
  std::string ceiling_name;
  std::string bar;
  std::optional<bool> met;  // absent: not judged (a smoke run, or a peer that is not there)
  std::string note;
  std::string line;  // in a plot of the rows with this id; empty: none
  double x = 0;      // where it stands on that line

  double value() const { return median(values); }
  double ceiling() const { return median(ceilings); }
  double ratio() const { return median(ratios(values, ceilings)); }
};

// How the benchmarks are run: by the command line and the environment.
//   PENSTOCK_BENCH_SMOKE=1   tiny sizes, one round, no judgement: shows that they work
//   PENSTOCK_BENCH_ROUNDS=N  instead of five
//   PENSTOCK_BENCH_ONLY=S1,S3  these ids, and what is measured with them
//   PENSTOCK_BENCH_WAITING=N  tasks that wait where depth is measured, instead of a million
struct Run {
  Run(int argc, char** argv);  // exits on a mistake
  bool smoke = false;
  int rounds = 5;
  std::string json;  // file for the rows
  std::string only;  // ids; empty: all
  std::size_t asked_waiting = 0;

  bool wants(const std::string& id) const {
    return only.empty() || ("," + only + ",").find("," + id + ",") != only.npos;
  }

  std::size_t size(std::size_t full, std::size_t tiny) const { return smoke ? tiny : full; }
  std::size_t waiting() const { return asked_waiting > 0 ? asked_waiting : size(1'000'000, 4'000); }
  Rounds interleave(const std::vector<Side>& sides) const { return bench::interleave(sides, rounds, !smoke); }
};

class Report {
 public:
  Report(const Run& run, const std::string& area);                       // prints the machine and the head of the table
  void version(const std::string& program, const std::string& version);  // of what takes part
  void add(Row row);
  void load(const Series& foreign);  // of other processes, in the rounds of the rows before
  void write() const;                // the JSON, if it was asked for

 private:
  const Run& run_;
  const std::string area_;
  std::vector<Row> rows_;
};

// Runs an area: prints, writes, and turns what is thrown into exit status 1.
int run_area(int argc, char** argv, const std::string& area, void (*measure)(const Run&, Report&));

}  // namespace penstock::bench
