// The public face, and what all parts of the manager share.
#include <array>
#include <iterator>
#include <set>
#include <unistd.h>

#include <penstock/manager.hpp>

#include "base/build_id.hpp"
#include "manager/impl.hpp"
#include "manager/names.hpp"

namespace penstock {
namespace impl {
namespace {

constexpr std::array kHooks{&Hooks::on_queued, &Hooks::on_start, &Hooks::on_retry, &Hooks::on_finish,
                            &Hooks::on_lost};  // by Aftermath::Event::What

}  // namespace

bool Aftermath::runs_user_code() const {
  return !events.empty() || !garbage.empty() || !stops.empty() || !closures.empty();
}

bool Aftermath::empty() const {
  return !runs_user_code() && !wake_one && !wake_all && !interrupt && !poke_pump && !poke_watchdog && !ended;
}

void Aftermath::move_news(Aftermath& to) {
  auto move = [](auto& from, auto& into) {
    into.insert(into.end(), std::move_iterator(from.begin()), std::move_iterator(from.end()));
    from.clear();
  };
  move(events, to.events);
  move(garbage, to.garbage);
  move(closures, to.closures);
}

void Aftermath::clear() {
  events.clear();
  garbage.clear();
  stops.clear();
  closures.clear();
  wake_one = wake_all = interrupt = poke_pump = poke_watchdog = ended = false;
}

ManagerState::ManagerState(const Options& options, durable::EngineOptions engine_options)
    : local({options.ended_count, options.ended_age, options.ended_bytes}),
      engine(std::move(engine_options)),
      failures(base::build_id()) {
  scheduler.set_weights(options.queues);
  target = options.threads;
}

Manager::~Manager() {
  if (event_fd_ >= 0) close(event_fd_);
}

void Manager::add_handler(const Policy& policy, std::unique_ptr<TaskHandler> handler,
                          std::vector<DeclaredLimit> limits) {
  if (frozen_) throw Exception(Error{Errc::invalid, "handlers are given before start()"});
  if (!handler) throw Exception(Error{Errc::invalid, "a handler is needed, got none"});
  std::set<std::string_view> kinds(policy.aliases.begin(), policy.aliases.end());
  if (kinds.size() < policy.aliases.size() || !kinds.insert(policy.kind).second) {
    throw Exception(Error{Errc::conflict, "a kind and its aliases are different names"});
  }
  for (std::string_view kind : kinds) {
    require_name("a kind", kind);
    if (handlers_.contains(kind)) {
      throw Exception(Error{Errc::conflict, "kind \"" + std::string(kind) + "\" has a handler already"});
    }
  }
  if (!policy.queue.empty()) require_name("a queue name", policy.queue);
  auto record = std::make_shared<HandlerRecord>();
  record->policy = policy;
  record->handler = std::move(handler);
  record->limits = std::move(limits);
  handlers_.emplace(policy.kind, record);
  for (std::string_view alias : policy.aliases) handlers_.emplace(alias, record);
}

void Manager::use(Middleware middleware) {
  if (frozen_) throw Exception(Error{Errc::invalid, "middleware is given before start()"});
  middleware_.push_back(std::move(middleware));
}

void Manager::use_enqueue(EnqueueMiddleware middleware) {
  if (frozen_) throw Exception(Error{Errc::invalid, "middleware is given before start()"});
  enqueue_middleware_.push_back(std::move(middleware));
}

void Manager::add_hooks(Hooks hooks) {
  auto current = hooks_.lock();
  auto next = std::make_shared<std::vector<Hooks>>(*current ? **current : std::vector<Hooks>());
  unsigned asked = 0;
  for (std::size_t what = 0; what < kHooks.size(); ++what) {
    if (hooks.*kHooks[what]) asked |= 1u << what;
  }
  next->push_back(std::move(hooks));
  *current = std::move(next);
  hooked_.fetch_or(asked);
}

void Manager::fire(const HookList& all, Aftermath::Event::What what, const TaskEvent& event) {
  const auto hook = kHooks[static_cast<std::size_t>(what)];
  if (!all) return;
  for (const Hooks& hooks : *all) {
    if (!(hooks.*hook)) continue;
    Outcome thrown = run_guarded([&] { (hooks.*hook)(event); });
    if (thrown.verb != Outcome::Verb::done) host_->log(Level::error, "a hook threw: " + thrown.reason);
  }
}

// Everything that happened under the lock and concerns others. Called without it.
void Manager::tell(const Aftermath& after) {
  using What = Aftermath::Event::What;
  if (after.wake_all) {
    work_.notify_all();
  } else if (after.wake_one) {
    work_.notify_one();
  }
  if (after.interrupt) {
    if (waiter_) waiter_->interrupt();
    listen_.notify_all();
  }
  if (after.poke_pump) pump_cv_.notify_one();
  if (after.poke_watchdog) poke_watchdog();
  if (after.ended) ended_.notify_all();
  for (const std::stop_source& source : after.stops) const_cast<std::stop_source&>(source).request_stop();
  if (after.events.empty()) return;
  const HookList all = hooks();
  for (const Aftermath::Event& e : after.events) {
    if (hooked(e.what)) {
      TaskEvent event{.key = e.ref.key(),
                      .kind = e.kind,
                      .durable = e.durable,
                      .attempt = e.attempt,
                      .status = e.status,
                      .error = e.error,
                      .delay = e.delay,
                      .ran = e.ran};
      fire(all, e.what, event);
    }
    if (e.what == What::finish && hub_.wanted()) {
      hub_.publish({e.ref, e.kind, e.durable, e.status, e.attempt, e.error, e.value, e.ran});
    }
  }
}

QueueRecord& Manager::record_of(ManagerState& state, Lane& lane) {
  if (!lane.owner) {
    auto& made = state.queues[lane.name] = std::make_unique<QueueRecord>();
    lane.owner = made.get();
  }
  return *static_cast<QueueRecord*>(lane.owner);
}

std::unique_ptr<ResultValue> take_result(Manager& manager, const TaskRef& ref, Millis at_most) {
  return manager.take_result(ref, at_most);
}

}  // namespace impl

TaskManager::TaskManager(std::shared_ptr<impl::Manager> impl) : impl_(std::move(impl)) {}
TaskManager::TaskManager(TaskManager&&) noexcept = default;
TaskManager& TaskManager::operator=(TaskManager&& other) noexcept {
  std::swap(impl_, other.impl_);  // the other one's destructor stops what was here
  return *this;
}
TaskManager::~TaskManager() {
  if (impl_) impl_->stop_for_good();
}
TaskManager TaskManager::open(const std::string& config) { return open(read_config(config)); }
TaskManager TaskManager::open(Options options) { return TaskManager(impl::Manager::open(std::move(options))); }
TaskManager TaskManager::open(Options options, std::unique_ptr<DurableBackend> backend) {
  if (!backend) throw Exception(Error{Errc::invalid, "a backend is needed, got none"});
  return TaskManager(impl::Manager::open(std::move(options), std::move(backend)));
}

void TaskManager::add_handler(const Policy& policy, std::unique_ptr<TaskHandler> handler,
                              std::vector<DeclaredLimit> limits) {
  impl_->add_handler(policy, std::move(handler), std::move(limits));
}
void TaskManager::use(Middleware middleware) { impl_->use(std::move(middleware)); }
void TaskManager::use_enqueue(EnqueueMiddleware middleware) { impl_->use_enqueue(std::move(middleware)); }
void TaskManager::add_hooks(Hooks hooks) { impl_->add_hooks(std::move(hooks)); }

TaskRef TaskManager::enqueue_one(Draft draft, const EnqueueOptions& options) {
  std::vector<Draft> drafts;
  drafts.push_back(std::move(draft));
  Enqueued out = std::move(impl_->enqueue(std::move(drafts), options, {})[0]);
  if (!out.accepted()) throw Exception(*out.error);
  return out.ref;
}
TaskRef TaskManager::enqueue_bytes(const Policy& policy, std::string payload, const EnqueueOptions& options) {
  return enqueue_one({policy, std::move(payload), {}, {}}, options);
}
std::vector<Enqueued> TaskManager::enqueue_drafts(std::vector<Draft> drafts, const EnqueueOptions& options,
                                                  std::span<const TaskId> ids) {
  return impl_->enqueue(std::move(drafts), options, ids);
}
std::vector<Enqueued> TaskManager::enqueue_drafts(std::vector<Draft> drafts, const EnqueueOptions& options,
                                                  std::span<const TaskId> ids, OutboxWriter& outbox) {
  return impl_->enqueue(std::move(drafts), options, ids, &outbox);
}

TaskRef TaskManager::submit_closure(impl::Closure closure, const SubmitOptions& options) {
  return std::move(impl_->submit({&closure, 1}, options, true)[0]);
}
void TaskManager::submit_closures(std::span<impl::Closure> closures, const SubmitOptions& options) {
  impl_->submit(closures, options, false);
}

std::optional<TaskInfo> TaskManager::info(const TaskRef& ref) { return impl_->info(ref); }
std::vector<std::optional<TaskInfo>> TaskManager::info(std::span<const TaskRef> refs) { return impl_->info_many(refs); }
std::optional<TaskInfo> TaskManager::await(const TaskRef& ref, Millis at_most) { return impl_->await(ref, at_most); }
TaskInfo TaskManager::await_result(const TaskRef& ref, Millis at_most) {
  std::optional<TaskInfo> end = impl_->await(ref, at_most);
  if (!end) throw Exception(Error{Errc::unavailable, to_text(ref) + " is not known, or has not ended in time", true});
  if (end->status != Status::succeeded) {
    throw Exception(
        Error{Errc::internal, to_text(ref) + " " + name(end->status) + (end->error.empty() ? "" : ": " + end->error)});
  }
  return std::move(*end);
}
Cancelled TaskManager::cancel(const TaskRef& ref) { return impl_->cancel(ref); }
std::size_t TaskManager::cancel_local() { return impl_->cancel_local(); }
Results TaskManager::results(std::size_t buffer, WhenFull when_full) {
  return Results(impl_->hub().subscribe(buffer, when_full));
}

EnqueueRequest TaskManager::request(const TaskRef& ref, const Record& record) { return impl_->request(ref, record); }
Metrics TaskManager::metrics() const { return impl_->metrics(); }
std::vector<Counts> TaskManager::counts() { return impl_->counts(); }
std::vector<ErrorGroup> TaskManager::errors(std::string_view queue) { return impl_->errors(queue); }
Explanation TaskManager::explain(std::string_view kind) { return impl_->explain(kind); }
const Options& TaskManager::options() const noexcept { return impl_->options(); }
DurableBackend& TaskManager::backend() { return impl_->backend(); }
ValueCodec* TaskManager::codec(std::string_view name) { return impl_->codec(name); }

void TaskManager::set_limit(std::string_view queue, std::string_view gate, const std::optional<Limit>& limit,
                            Layer layer) {
  impl_->set_limit(queue, gate, layer, limit ? &*limit : nullptr);
}
void TaskManager::pause(std::string_view queue, std::string_view gate, Millis at_most) {
  if (at_most > Millis(0)) impl_->hold(queue, gate, at_most);
}
void TaskManager::resume(std::string_view queue, std::string_view gate) { impl_->hold(queue, gate, Millis(0)); }
std::vector<GateState> TaskManager::gates(std::string_view queue) { return impl_->gates(queue); }
void TaskManager::set_weight(std::string_view queue, std::optional<unsigned> weight) {
  impl_->set_weight(queue, weight);
}
std::map<std::string, unsigned> TaskManager::weights() { return impl_->weights(); }

void TaskManager::start() { impl_->start(); }
void TaskManager::resize(unsigned threads) { impl_->resize(threads); }
int TaskManager::run() { return impl_->run(); }
int TaskManager::drain() { return impl_->drain(); }
bool TaskManager::wait_idle(Millis at_most) { return impl_->wait_idle(at_most); }
void TaskManager::request_stop() noexcept { impl_->request_stop(); }
bool TaskManager::stop_graceful(Millis deadline) { return impl_->stop(deadline, false); }
bool TaskManager::stop_now() { return impl_->stop(Millis(0), true); }

}  // namespace penstock
