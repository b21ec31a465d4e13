// From options to a manager: finds the plugins, checks what they give, and puts the parts together.
#include <algorithm>
#include <array>
#include <set>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

#include "config/document.hpp"
#include "config/text.hpp"
#include "durable/envelope.hpp"
#include "manager/answers.hpp"
#include "manager/impl.hpp"
#include "manager/names.hpp"

// The table of the plugins that are linked in, when the program links penstock-builtin.
extern "C" __attribute__((weak)) const penstock::PluginEntry* penstock_builtin_table() noexcept;

namespace penstock::impl {
namespace {

config::Section section_of(std::string_view kind, const PluginChoice& choice) {
  config::Section section;
  section.name = std::string(kind) + "." + choice.use;
  section.file = choice.file;
  section.line = choice.line;
  section.values = choice.settings;
  section.lines = choice.lines;
  return section;
}

void check_once(const std::string& key, std::span<const PluginChoice> choices) {
  std::set<std::string> seen;
  for (const PluginChoice& choice : choices) {
    if (seen.insert(choice.use).second) continue;
    throw Exception(Error{Errc::invalid, key + ": " + config::quoted(choice.use) + " stands there twice"});
  }
}

// The component and, around it, its wrappers from the last to the first.
Result<std::unique_ptr<Interface>> create(plugins::PluginHost& host, std::string_view kind,
                                          const PluginChoice& choice) {
  check_once(std::string(kind) + ".wrap", choice.wrap);
  auto made = host.create(kind, choice.use, section_of(kind, choice), choice.module);
  for (auto wrapper = choice.wrap.rbegin(); made && wrapper != choice.wrap.rend(); ++wrapper) {
    made = host.wrap(kind, wrapper->use, section_of(kind, *wrapper), std::move(made).value(), wrapper->module);
  }
  return made;
}

template <class Iface>
std::unique_ptr<Iface> create(plugins::PluginHost& host, const PluginChoice& choice) {
  if (choice.use.empty()) return nullptr;
  auto made = value_or_throw(create(host, Iface::kKind, choice));
  return std::unique_ptr<Iface>(static_cast<Iface*>(made.release()));
}

// "metrics(fault(sqlite))"
std::string in_words(const PluginChoice& choice) {
  std::string before, after;
  for (const PluginChoice& wrapper : choice.wrap) before += wrapper.use + "(", after += ")";
  return before + choice.use + after;
}

int level_of(std::string_view durability) {
  static constexpr std::array<std::string_view, 4> kLevels{"memory", "process", "power", "failover"};
  auto at = std::ranges::find(kLevels, durability);
  return at == kLevels.end() ? -1 : static_cast<int>(at - kLevels.begin());
}

void check_durability(const Options& options, const Properties& p) {
  if (options.durability.empty()) return;
  int asked = level_of(options.durability);
  if (asked < 0) {
    throw Exception(Error{
        Errc::invalid, "durability: expected memory, process, power or failover, got \"" + options.durability + "\""});
  }
  if (asked > level_of(p.durability)) {
    throw Exception(Error{Errc::invalid, "backend \"" + options.backend.use + "\" gives durability \"" + p.durability +
                                             "\"; the options ask for \"" + options.durability + "\""});
  }
}

std::string worker_name() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return std::string(host) + "/" + std::to_string(getpid()) + "/" + to_text(make_task_id()).substr(24);
}

void normalise(Options& o) {
  if (o.threads == 0) o.threads = std::max(1u, std::thread::hardware_concurrency());
  auto require = [](bool ok, const char* what) {
    if (!ok) throw Exception(Error{Errc::invalid, what});
  };
  require(o.threads <= kMostThreads, "threads: at most 4096");
  require(o.lease >= Millis(30) && o.lease <= std::chrono::hours(24), "lease: from 30ms up to 24h");
  require(o.batch >= 1, "batch: at least 1");
  require(o.timeout >= Millis(0) && o.grace >= Millis(0) && o.stop_timeout >= Millis(0), "a duration is not negative");
  require(o.max_crashes >= 1, "max_crashes: at least 1");
  require(o.codecs.size() <= durable::kMaxTransforms + 1, "codecs: a value codec and at most 8 transforms");
  for (const auto& [name, weight] : o.queues) {
    if (name != "*") require_name("a queue name", name);
  }
}

// What is accepted here must be accepted by the store.
void check_payload(const Options& options, const Properties& p) {
  if (options.max_payload <= p.max_body) return;
  throw Exception(Error{Errc::invalid, "max_payload: " + std::to_string(options.max_payload) + " octets; backend \"" +
                                           options.backend.use + "\" takes bodies of " + std::to_string(p.max_body)});
}

durable::EngineOptions engine_options(const Options& o, const Properties& p) {
  durable::EngineOptions e;
  e.lease = o.lease;
  e.batch = o.batch;
  e.max_batch = p.max_batch;
  e.in_flight = std::max(1u, p.in_flight);
  e.max_crashes = o.max_crashes;
  e.worker = worker_name();
  return e;
}

}  // namespace

Manager::Manager(Options options, std::unique_ptr<HostServices> host, std::unique_ptr<plugins::PluginHost> plugins,
                 std::unique_ptr<DurableBackend> backend)
    : options_(std::move(options)),
      clock_(options_.clock ? *options_.clock : system_clock()),
      real_time_(options_.clock == nullptr),
      host_(std::move(host)),
      plugins_(std::move(plugins)),
      backend_(std::move(backend)),
      waiter_(query<Waiter>(*backend_)),
      gates_(query<Gates>(*backend_)),
      registry_(query<Registry>(*backend_)),
      properties_(backend_->properties()),
      state_(options_, engine_options(options_, properties_)),
      event_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_fd_ < 0) throw Exception(Error{Errc::resource_exhausted, "eventfd: no file descriptor is left"});
}

std::shared_ptr<Manager> Manager::open(Options options, std::unique_ptr<DurableBackend> given) {
  normalise(options);
  Clock& clock = options.clock ? *options.clock : system_clock();
  auto host = std::make_unique<HostServices>(options.log_level, clock);

  plugins::HostOptions where;
  std::vector<PluginEntry> entries;
  if (penstock_builtin_table) {
    for (const PluginEntry* e = penstock_builtin_table(); *e; ++e) entries.push_back(*e);
  }
  for (PluginEntry entry : options.plugins) {
    if (std::ranges::find(entries, entry) == entries.end()) entries.push_back(entry);
  }
  where.builtin = entries;
  where.path = options.plugin_path;
  where.allow = options.plugin_allow;
  where.from_environment();
  auto plugins = value_or_throw(plugins::PluginHost::make(*host, std::move(where)));

  if (given) options.backend = {.use = "(given)"};  // for messages
  auto backend = given ? std::move(given) : create<DurableBackend>(*plugins, options.backend);
  if (!backend) throw Exception(Error{Errc::invalid, "backend.use: name a backend, such as \"memory\" or \"sqlite\""});
  if (const auto why = fault(backend->properties()); !why.empty()) {
    throw Exception(Error{Errc::internal, "backend \"" + options.backend.use + "\": " + std::string(why)});
  }
  check_durability(options, backend->properties());
  check_payload(options, backend->properties());
  host->log(Level::info, "backend " + in_words(options.backend) + ", durability " + backend->properties().durability);

  std::shared_ptr<Manager> made(
      new Manager(std::move(options), std::move(host), std::move(plugins), std::move(backend)));
  const Options& o = made->options_;
  check_once("codec.use", o.codecs);
  check_once("codec.also", o.codecs_also);
  std::vector<PluginChoice> codecs = o.codecs;
  if (codecs.empty()) codecs.push_back({.use = "json"});
  for (const PluginChoice& codec : codecs) {
    bool optional = o.codecs.empty();  // nobody asked for it by name: a program of raw bytes does without
    auto created = create(*made->plugins_, "codec", codec);
    if (!created && optional) continue;
    value_or_throw(made->codecs_.add(codec.use, value_or_throw(std::move(created))));
  }
  for (const PluginChoice& codec : o.codecs_also) {
    made->codecs_.add_reader(codec.use, value_or_throw(create(*made->plugins_, "codec", codec)));
  }
  made->declare_options();
  made->limiter_ = create<Limiter>(*made->plugins_, o.limiter);
  made->tracer_ = create<Tracer>(*made->plugins_, o.tracer);
  for (const std::string& module : o.handler_modules) {
    bool path = module.find('/') != std::string::npos;
    std::string file = path ? module : std::string();
    std::string name = module;
    if (path) name = value_or_throw(made->plugins_->open(module))->name;
    const auto written = o.handler_settings.find(name);
    PluginChoice choice = written == o.handler_settings.end() ? PluginChoice{} : written->second;
    choice.use = name, choice.module = file;
    auto handlers = value_or_throw(create(*made->plugins_, Handlers::kKind, choice));
    for (Handlers::Entry& entry : static_cast<Handlers&>(*handlers).list()) {
      made->add_handler(entry.policy, std::move(entry.handler), std::move(entry.limits));
    }
    made->modules_.push_back(std::move(handlers));
  }
  return made;
}

}  // namespace penstock::impl
