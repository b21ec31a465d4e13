#include "cli/check/subject.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include "cli/replaced.hpp"

namespace penstock::cli {
namespace {

using conformance::Harness;

template <class T>
T value_or_stop(Result<T> made) {
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(made).value();
}

bool changes(std::string_view text) { return text.find("{folder}") != text.npos || text.find("{scene}") != text.npos; }

bool changes(const config::Written& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return changes(std::string_view(*text));
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  return list && std::ranges::any_of(*list, [](const std::string& s) { return changes(std::string_view(s)); });
}

// A task that tells two views of a store apart from two stores.
NewTask token() {
  NewTask task;
  task.key = {"check", {{1, 2, 3}}};
  task.kind = "check";
  return task;
}

bool sees_token(DurableBackend& backend) {
  const TaskKey key = token().key;
  auto found = backend.get(std::span(&key, 1));
  return found && found->size() == 1 && found->front();
}

void put_token(DurableBackend& backend) {
  const NewTask task = token();
  (void)static_cast<bool>(backend.enqueue(std::span(&task, 1), nullptr));
}

// A real clock is waited for: long against a call, short against a person's patience.
void use_real_clock(Harness& h, Millis time_step) {
  h.tick = std::max(Millis(200), time_step * 4);
  h.longest_advance = std::chrono::seconds(15);
  h.advance = [](Millis by) { std::this_thread::sleep_for(by); };
}

void use_lent_clock(Harness& h, conformance::ManualTime& time, Millis time_step) {
  h.tick = std::max(Millis(1000), time_step);
  h.advance = [&time](Millis by) { time.advance(by); };
  h.jump_wall = [&time](Millis by) { time.jump_wall(by); };
  h.wall = [&time] { return time.wall(); };
}

}  // namespace

Subject::Subject(Target target, bool lend_clock) : target_(std::move(target)), host_(lend_clock ? &time_ : nullptr) {
  plugins_ = value_or_stop(plugins::PluginHost::make(host_, target_.where));
  const auto role = target_.wrapper ? plugins::PluginHost::Role::wrapper : plugins::PluginHost::Role::part;
  component_ = value_or_stop(plugins_->find(target_.kind, target_.name, target_.module, role)).component;
  if (target_.wrapper) others_ = value_or_stop(plugins::PluginHost::make(host_, target_.others));
  for (auto [key, by] : {std::pair{"path", "{folder}/store"}, std::pair{"prefix", "{scene}"}}) {
    const bool declared = std::ranges::any_of(component_->settings, [&k = key](const Setting& s) {
      return s.kind == Kind::string && std::string_view(s.key) == k;
    });
    if (declared) target_.settings.try_emplace(key, std::string(by));
  }
  next_scene();
}

void Subject::next_scene() {
  const std::string folder = target_.folder.filename().string();
  const std::string letters = folder.substr(folder.rfind('-') + 1);
  scene_ = "s" + letters + "p" + std::to_string(::getpid()) + "n" + std::to_string(++scenes_);
  for (const auto& entry : std::filesystem::directory_iterator(target_.folder)) std::filesystem::remove_all(entry);
}

config::Written Subject::filled_in(const config::Written& value) const {
  auto fill = [&](const std::string& text) {
    return replaced(replaced(text, "{folder}", target_.folder.string()), "{scene}", scene_);
  };
  if (const auto* text = std::get_if<std::string>(&value)) return fill(*text);
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  if (!list) return value;
  std::vector<std::string> out;
  for (const std::string& item : *list) out.push_back(fill(item));
  return out;
}

std::unique_ptr<Interface> Subject::open() {
  config::Section section;
  section.name = target_.kind + "." + target_.name;
  for (const auto& [key, value] : target_.settings) section.values[key] = filled_in(value);
  if (!target_.wrapper) return value_or_stop(plugins_->create(target_.kind, target_.name, section, target_.module));
  return value_or_stop(plugins_->wrap(target_.kind, target_.name, section, inner(), target_.module));
}

// What a wrapper goes around.
std::unique_ptr<Interface> Subject::inner() {
  if (target_.kind != DurableBackend::kKind) throw std::runtime_error("only wrappers of backends can be checked");
  return value_or_stop(others_->create(target_.kind, "memory", {}));
}

std::unique_ptr<DurableBackend> Subject::backend() {
  return std::unique_ptr<DurableBackend>(static_cast<DurableBackend*>(open().release()));
}

bool Subject::outlives_its_object() {
  next_scene();
  put_token(*backend());
  return sees_token(*backend());
}

// A second object that does not see the store as the first does is not let off: it breaks promises.
bool Subject::serves_two() {
  next_scene();
  const auto first = backend();
  try {
    return backend() != nullptr;
  } catch (const std::runtime_error&) {
    return false;  // it locks its store, say
  }
}

void Subject::require_fresh_stores() const {
  if (std::ranges::any_of(target_.settings, [](const auto& s) { return changes(s.second); })) return;
  throw std::runtime_error(
      "its store outlives its objects, and no setting makes a fresh one: put {folder} or {scene} into one with --set");
}

Harness Subject::harness() {
  Harness h;
  std::string durability;  // a copy: what properties() points to may be the backend's
  Millis time_step{};
  {
    const auto asked = backend();
    const Properties properties = asked->properties();
    if (properties.durability) durability = properties.durability;
    time_step = properties.time_step;
  }
  h.survives_reopen = durability != "memory" || outlives_its_object();
  if (h.survives_reopen) require_fresh_stores();
  h.shared = h.survives_reopen && serves_two();
  h.open = [this] { return backend(); };
  h.wipe = [this] { next_scene(); };
  if (host_.time_lent()) {
    use_lent_clock(h, time_, time_step);
  } else {
    use_real_clock(h, time_step);
  }
  h.capabilities = component_->capabilities;
  if (target_.wrapper) {
    const auto& more = value_or_stop(others_->find(target_.kind, "memory")).component->capabilities;
    h.capabilities->insert(h.capabilities->end(), more.begin(), more.end());
  }
  return h;
}

}  // namespace penstock::cli
