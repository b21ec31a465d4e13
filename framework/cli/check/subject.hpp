// A component under check, as the conformance kit reaches it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include <penstock/conformance/backend.hpp>
#include <penstock/conformance/scene.hpp>

#include "config/document.hpp"
#include "plugins/host.hpp"

namespace penstock::cli {

// What is checked. In texts among the settings "{folder}" stands for an empty folder and "{scene}" for a
// word of letters and digits; both are fresh for every promise, so that each finds an empty store. A
// component's `path` is in the folder and its `prefix` is the word, unless they are set.
struct Target {
  plugins::HostOptions where;
  std::string module;  // the file, or empty for a plugin that is found by name
  std::string kind, name;
  bool wrapper = false;         // it goes around another: around memory, in the check of a backend's
  plugins::HostOptions others;  // where that one is
  std::map<std::string, config::Written> settings;
  std::filesystem::path folder;
};

// Making one loads the module, so it is made in a child process. Everything throws std::runtime_error with
// one line for people.
class Subject {
 public:
  // With `lend_clock` the component may take its time from a clock that the kit turns.
  Subject(Target target, bool lend_clock);

  // A new object, on the store of the scene.
  std::unique_ptr<Interface> open();
  // What a backend does decides how it is reached: whether it takes its time from us, and whether its store
  // outlives an object or serves two.
  conformance::Harness harness();
  void next_scene();

  const plugins::ComponentInfo& component() const { return *component_; }

 private:
  std::unique_ptr<Interface> inner();
  std::unique_ptr<DurableBackend> backend();
  bool outlives_its_object();
  bool serves_two();
  config::Written filled_in(const config::Written& value) const;
  void require_fresh_stores() const;

  Target target_;
  conformance::ManualTime time_;
  conformance::QuietHost host_;
  std::unique_ptr<plugins::PluginHost> plugins_, others_;
  const plugins::ComponentInfo* component_ = nullptr;
  std::string scene_;  // the folder's random letters, the process, a number: no store of another run has it
  int scenes_ = 0;
};

}  // namespace penstock::cli
