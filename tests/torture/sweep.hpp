// One operation of the backend on a fresh copy of the base, and what the file may hold after it.
#pragma once

#include <memory>
#include <string>

#include "torture/folder.hpp"
#include "torture/operations.hpp"
#include "torture/raw_sqlite.hpp"
#include "torture/verdict.hpp"

namespace penstock::torture {

class Sweep {
 public:
  // `base` is the folder of the base, whose file has no log beside it. Runs the operation once undisturbed.
  Sweep(const Scratch& scratch, const std::string& base_folder, const Base& base, const Operation& operation);

  void restore();  // a fresh copy of the base
  const Place& place() const { return place_; }
  std::string dump() const;

  Result<std::unique_ptr<DurableBackend>> open(const std::string& vfs);
  // Calls that do nothing, so that all connections are open and at rest.
  static Result<void> warm(DurableBackend&);
  Result<std::string> run(DurableBackend& store) const { return operation_.run(store, base_); }

  const std::string& before() const { return before_; }
  const std::string& after() const { return after_; }
  const std::string& answer() const { return answer_; }

 private:
  const std::string base_folder_;
  const Base& base_;
  const Operation& operation_;
  Place place_;
  testing::ManualTime time_;
  testing::TestHost host_{&time_};
  std::string before_, after_, answer_;
};

// The first line in which two dumps differ.
std::string first_difference(const std::string& expected, const std::string& found);

// Makes the base in a folder of its own, and moves all of it out of the log.
Base make_settled_base(const std::string& folder);

}  // namespace penstock::torture
