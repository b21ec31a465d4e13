// A context to hand to handlers in tests, and what it was asked for.
#pragma once

#include <atomic>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "execution/attempt.hpp"

namespace penstock::execution {

struct Asked final : AttemptServices {
  std::vector<std::string> said;
  void attempt_progress(double fraction, std::string_view text) noexcept override {
    said.push_back(std::to_string(fraction).substr(0, 3) + " " + std::string(text));
  }
  void attempt_log(const TaskView& task, Level, std::string_view message) noexcept override {
    said.push_back(std::string(task.kind) + ": " + std::string(message));
  }
  Result<void> attempt_child(const Policy& policy, std::string payload, std::string_view codec,
                             FlowKeys) noexcept override {
    said.push_back("child " + std::string(policy.kind) + " " + payload + " " + std::string(codec));
    return {};
  }
  ValueCodec* attempt_codec(std::string_view name) noexcept override {
    said.push_back("codec " + std::string(name));
    return nullptr;
  }
};

struct ContextLab {
  Asked asked;
  std::stop_source stop;
  std::atomic<bool> shared{false};
  std::vector<std::pair<std::string_view, std::string_view>> metadata{{"tenant", "acme"}, {"empty", ""}};
  TaskView view{.queue = "q", .kind = "k", .attempt = 3};
  Attempt context{view, "payload", metadata, stop, shared, Attempt::Deadline::max(), asked};
};

}  // namespace penstock::execution
