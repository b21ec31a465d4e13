// What is tested: a backend on a clock moved by hand, with an empty store as often as wanted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "model/model.hpp"
#include "support/open_plugin.hpp"

namespace penstock::model {

class Subject {
 public:
  virtual ~Subject() = default;
  virtual void fresh() = 0;                // an empty store, and the clock at its start
  virtual bool reopen() { return false; }  // the same store opened anew; false: it ends with its object
  virtual bool reopens() const { return false; }
  virtual Ages ages() const { return Ages::wall; }
  DurableBackend& backend() { return *backend_; }
  testing::ManualTime& time() { return *time_; }

 protected:
  std::unique_ptr<testing::ManualTime> time_;
  std::unique_ptr<DurableBackend> backend_;
};

// The backends linked into this program, by name.
std::vector<std::string> subjects();
std::unique_ptr<Subject> make_subject(const std::string& name);  // null: unknown

}  // namespace penstock::model
