// What is tested: a backend on a clock moved by hand, with an empty store as often as wanted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "model/flow.hpp"
#include "support/open_plugin.hpp"

namespace penstock::model {

class Subject {
 public:
  virtual ~Subject() = default;
  virtual void fresh() = 0;                // an empty store, and the clock at its start
  virtual bool reopen() { return false; }  // the same store opened anew; false: it ends with its object
  virtual bool reopens() const { return false; }
  // By the clock by which it counts the ages of ended tasks.
  virtual Now now() { return {time_->wall(), time_->boot(), time_->wall().time_since_epoch()}; }
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
