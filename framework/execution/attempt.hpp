// The Context that a handler sees: one attempt's view of its task.
#pragma once

#include <atomic>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

#include <penstock/plugin/handlers.hpp>

namespace penstock::execution {

// What an attempt asks of the runtime. Thread: as Context says.
class AttemptServices {
 public:
  virtual void attempt_progress(double fraction, std::string_view text) noexcept = 0;
  virtual void attempt_log(const TaskView& task, Level level, std::string_view message) noexcept = 0;
  virtual Result<void> attempt_child(const Policy& policy, std::string payload, std::string_view codec,
                                     FlowKeys keys) noexcept = 0;
  virtual ValueCodec* attempt_codec(std::string_view name) noexcept = 0;

 protected:
  ~AttemptServices() = default;
};

class Attempt final : public Context {
 public:
  using Metadata = std::span<const std::pair<std::string_view, std::string_view>>;
  using Deadline = std::chrono::steady_clock::time_point;

  Attempt(const TaskView& task, std::string_view payload, Metadata metadata, std::stop_source& stop,
          std::atomic<bool>& stop_shared, Deadline deadline, AttemptServices& services)
      : task_(task),
        payload_(payload),
        metadata_(metadata),
        stop_(stop),
        stop_shared_(stop_shared),
        deadline_(deadline),
        services_(services) {}

  const TaskView& task() const noexcept override { return task_; }
  std::string_view payload() const noexcept override { return payload_; }
  std::string_view metadata(std::string_view key) const noexcept override {
    for (const auto& [k, v] : metadata_) {
      if (k == key) return v;
    }
    return {};
  }
  std::stop_token stop_token() noexcept override {
    stop_shared_.store(true, std::memory_order_relaxed);  // the next attempt needs a source of its own
    return stop_.get_token();
  }
  Deadline deadline() const noexcept override { return deadline_; }
  void progress(double fraction, std::string_view text) noexcept override {
    services_.attempt_progress(fraction, text);
  }
  void log(Level level, std::string_view message) noexcept override { services_.attempt_log(task_, level, message); }
  Result<void> add_child(const Policy& policy, std::string payload, std::string_view codec,
                         FlowKeys keys) noexcept override {
    return services_.attempt_child(policy, std::move(payload), codec, std::move(keys));
  }
  ValueCodec* codec(std::string_view name) noexcept override { return services_.attempt_codec(name); }

 private:
  TaskView task_;
  std::string_view payload_;
  Metadata metadata_;
  std::stop_source& stop_;
  std::atomic<bool>& stop_shared_;
  Deadline deadline_;
  AttemptServices& services_;
};

}  // namespace penstock::execution
