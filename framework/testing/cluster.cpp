#include <algorithm>
#include <chrono>
#include <thread>

#include <penstock/stepper.hpp>
#include <penstock/testing.hpp>

#include "testing/line.hpp"

namespace penstock::testing {
namespace {

struct Killed {};  // thrown through the handler of a worker that dies in it

struct Worker {
  Worker(TaskManager manager, Line& to_store) : tasks(std::move(manager)), line(to_store) {}
  bool alive() const noexcept { return !line.is_cut(); }

  TaskManager tasks;
  Line& line;
  std::unique_ptr<Stepper> stepper;
  bool busy = false;  // it is in its turn
};

const Worker& as_worker(const std::unique_ptr<Worker>& owned) { return *owned; }

struct Death {
  Point point;
  std::string kind;
};

// Sets a value for the length of a scope.
template <class T>
class Meanwhile {
 public:
  Meanwhile(T& place, T value) : place_(place), before_(std::exchange(place, value)) {}
  ~Meanwhile() { place_ = before_; }
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;

 private:
  T& place_;
  T before_;
};

}  // namespace

struct Cluster::State {
  explicit State(std::function<void(TaskManager&)> how, ClusterOptions with)
      : setup(std::move(how)), options(std::move(with)), store(TaskManager::open(worker_options())) {}

  Options worker_options() {
    Options o = options.manager;
    o.clock = &clock;
    o.threads = 1;
    return o;
  }

  Worker& worker(std::size_t n) const {
    if (n < workers.size()) return *workers[n];
    throw Exception(Error{Errc::invalid, "there is no worker " + std::to_string(n) + ": there are " +
                                             std::to_string(workers.size()) + ", from 0 on"});
  }

  bool any_alive() const { return std::ranges::any_of(workers, &Worker::alive, as_worker); }

  Worker& first_alive() const {
    auto at = std::ranges::find_if(workers, &Worker::alive, as_worker);
    if (at != workers.end()) return **at;
    throw Exception(Error{Errc::invalid, "every worker is dead: add_worker() starts another"});
  }

  // What lies around every attempt, outside all other middleware.
  Outcome attempt(Worker& worker, Context& ctx, const Next& next) {
    const TaskView& task = ctx.task();
    last = std::string(task.kind) + " " + to_text(TaskRef{std::string(task.queue), task.id}) + ", attempt " +
           std::to_string(task.attempt);
    if (dies(Point::before_handler, task)) {
      worker.line.cut();
      return retry("the worker died");
    }
    Outcome out;
    {
      const Meanwhile<Worker*> inside(running, &worker);
      out = impl::run_guarded([&] { return next(ctx); });
    }
    if (!worker.alive()) return out;
    if (dies(Point::after_handler, task)) worker.line.cut();
    if (dies(Point::after_ack, task)) worker.line.cut_at_end_of(task.id);
    return out;
  }

  bool dies(Point point, const TaskView& task) {
    if (!death || death->point != point || !task.durable) return false;
    if (!death->kind.empty() && death->kind != task.kind) return false;
    death.reset();
    return true;
  }

  Stepper::Did turn(Worker& worker) {
    if (!worker.alive() || worker.busy) return Stepper::Did::nothing;
    const Meanwhile<bool> busy(worker.busy, true);
    const Meanwhile<unsigned> deeper(turns, turns + 1);
    worker.stepper->beat();  // a cancel is heard in time, though time stands still
    const Stepper::Did did = worker.stepper->step();
    if (worker.alive()) return did;
    worker.stepper->abandon();
    return did == Stepper::Did::nothing ? Stepper::Did::exchanged : did;
  }

  // `first`: the worker that has the first turn.
  std::size_t drain(const char* call, std::size_t attempts, std::size_t first) {
    (void)first_alive();
    for (bool work = true; work;) {
      work = false;
      for (std::size_t n = 0; n < workers.size(); ++n) {  // there may be more meanwhile
        const Stepper::Did did = turn(*workers[(first + n) % workers.size()]);
        work |= did != Stepper::Did::nothing;
        if (did == Stepper::Did::ran && ++attempts > options.most_attempts) never_ends(call);
      }
    }
    return attempts;
  }

  [[noreturn]] void never_ends(const char* call) const {
    throw Failed(std::string(call) + ": " + std::to_string(options.most_attempts) +
                 " attempts, and there is still work; the last was of " + (last.empty() ? "no task" : last) +
                 " (ClusterOptions::most_attempts)");
  }

  std::optional<Clock::Instant> next() const {
    std::optional<Clock::Instant> first;
    for (const auto& worker : workers) {
      const auto at = worker->alive() ? worker->stepper->next() : std::nullopt;
      if (at && (!first || *at < *first)) first = at;
    }
    return first;
  }

  bool beat() const {
    bool held = false;
    for (const auto& worker : workers) held |= worker->alive() && worker->stepper->beat();
    return held;
  }

  // In one go while nobody holds a lease, else in steps that keep it.
  void pass(Millis time) {
    const Millis beats = std::max(options.manager.lease / 6, Millis(1));
    for (bool held = beat(); time > Millis(0); held = beat()) {
      const Millis some = held ? std::min(time, beats) : time;
      clock.advance(some);
      time -= some;
    }
  }

  std::function<void(TaskManager&)> setup;
  ClusterOptions options;
  FakeClock clock;
  EnqueueLog log;
  TaskManager store;  // holds the store that the workers share, and does no work
  std::optional<Death> death;
  std::string last;           // the attempt that began last
  Worker* running = nullptr;  // whose handler is running, the innermost
  unsigned turns = 0;         // that are under way, one inside the other
  std::vector<std::unique_ptr<Worker>> workers;
};

Cluster::Cluster(std::function<void(TaskManager&)> setup, ClusterOptions options)
    : state_(std::make_unique<State>(std::move(setup), std::move(options))) {
  for (unsigned n = 0; n < state_->options.workers; ++n) add_worker();
}
Cluster::~Cluster() = default;

TaskManager& Cluster::tasks() { return state_->first_alive().tasks; }
TaskManager& Cluster::worker(std::size_t n) { return state_->worker(n).tasks; }
bool Cluster::alive(std::size_t n) const { return state_->worker(n).alive(); }
FakeClock& Cluster::clock() { return state_->clock; }

std::size_t Cluster::add_worker() {
  State& s = *state_;
  auto to_store = std::make_unique<Line>(s.store.backend(), s.log);
  Line& line = *to_store;
  auto worker = std::make_unique<Worker>(TaskManager::open(s.worker_options(), std::move(to_store)), line);
  worker->tasks.use([&s, w = worker.get()](Context& ctx, const Next& next) { return s.attempt(*w, ctx, next); });
  s.setup(worker->tasks);
  worker->stepper = std::make_unique<Stepper>(worker->tasks, s.options.seed + s.workers.size());
  if (s.options.mode == Mode::inline_) {
    worker->stepper->when_accepted([this, test = std::this_thread::get_id()] {
      if (std::this_thread::get_id() != test) return;  // a relay's: handlers run in the test's thread alone
      if (state_->turns == 0) drain();                 // in a handler: whoever runs that goes on with it
    });
  }
  s.workers.push_back(std::move(worker));
  return s.workers.size() - 1;
}

std::size_t Cluster::drain() { return state_->drain("drain", 0, 0); }

std::size_t Cluster::finish() {
  State& s = *state_;
  std::size_t attempts = 0;
  for (std::size_t moves = 0;; ++moves) {
    attempts = s.drain("finish", attempts, moves);  // another one begins each time, and none is left out for ever
    const auto next = s.next();
    if (!next) return attempts;
    if (moves == s.options.most_attempts) s.never_ends("finish");
    s.pass(std::max(std::chrono::ceil<Millis>(*next - s.clock.now()), Millis(1)));
  }
}

bool Cluster::step(std::size_t worker) { return state_->turn(state_->worker(worker)) != Stepper::Did::nothing; }

void Cluster::advance(Millis by) {
  State& s = *state_;
  if (by < Millis(0)) throw Exception(Error{Errc::invalid, "time does not go back: clock().jump_wall() turns dates"});
  s.pass(by);
  if (s.options.mode == Mode::inline_ && s.turns == 0 && s.any_alive()) drain();
}

void Cluster::kill_at(Point point, std::string_view kind) { state_->death = {point, std::string(kind)}; }

void Cluster::kill(std::size_t n) {
  Worker& worker = state_->worker(n);
  worker.line.cut();
  if (!worker.busy) worker.stepper->abandon();  // else it is when its turn ends
}

void Cluster::die() {
  if (!state_->running) throw Exception(Error{Errc::invalid, "die() is for handlers, and none is running"});
  state_->running->line.cut();
  throw Killed{};
}

std::vector<Sighting> Cluster::sightings(std::string_view kind) {
  std::vector<Sighting> out;
  for (const EnqueueLog::Entry& entry : state_->log.entries()) {
    if (!kind.empty() && entry.record.kind != kind) continue;
    out.push_back({state_->store.request(entry.ref, entry.record), entry.delay, entry.at});
  }
  return out;
}

ValueCodec* Cluster::codec(std::string_view name) { return state_->store.codec(name); }

void Cluster::fail(std::string_view expected, std::string_view kind, std::string_view which) {
  constexpr std::size_t kShown = 10, kOctets = 200;
  std::string text = std::string(expected) + " of kind \"" + std::string(kind) + "\"" + std::string(which);
  const std::vector<Sighting> all = sightings();
  text += "; enqueued were " + std::to_string(all.size()) + (all.empty() ? "" : ":");
  for (std::size_t i = 0; i < std::min(all.size(), kShown); ++i) {
    const EnqueueRequest& r = all[i].request;
    text += "\n  " + r.kind + " " + to_text(r.ref) + " " + r.payload.substr(0, kOctets);
  }
  if (all.size() > kShown) text += "\n  ...";
  throw Failed(text);
}

}  // namespace penstock::testing
