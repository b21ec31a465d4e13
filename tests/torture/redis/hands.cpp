#include "torture/redis/hands.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "torture/tasks.hpp"

namespace penstock::torture {
namespace {

constexpr std::uint64_t kMostWaiting = 300;
constexpr std::size_t kMostOpen = 20;  // batches of a producer that have had no answer
constexpr std::uint32_t kAtOnce = 8;
constexpr std::chrono::milliseconds kPause{2}, kLook{20};

std::string new_queue(unsigned n) { return "new" + std::to_string(n); }

}  // namespace

Hands::Hands(const std::array<RedisPlace, Chain::kWays>& places, Answered& answered, std::uint64_t seed)
    : answered_(answered) {
  for (const RedisPlace& place : places) {
    for (int i = 0; i < 2; ++i) {
      stores_.push_back(open_redis(place, host_));
      if (std::string(stores_.back()->properties().durability) != "failover")
        throw Violation(Harm::corrupt, "the level is not failover");
    }
  }
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    DurableBackend &puts = *stores_[2 * i], &works = *stores_[2 * i + 1];
    for (std::size_t n = 0; n < kProducers; ++n)
      threads_.emplace_back([this, i, &puts, random = std::mt19937_64(seed++)] { produce(ways_[i], puts, random); });
    for (std::size_t n = 0; n < kWorkers; ++n) threads_.emplace_back([this, i, &works] { serve(ways_[i], works); });
  }
}

Hands::~Hands() {
  producing_ = running_ = false;
  for (std::thread& t : threads_) t.join();
}

// ---- for the judge

void Hands::check() {
  if (!failed_) return;
  const std::lock_guard lock(mutex_);
  throw *wrong_;
}

void Hands::stuck(const std::string& what) {
  const std::lock_guard lock(mutex_);
  throw Violation(Harm::stuck, what + "; last complaint: " + complaint_);
}

void Hands::await(const Progress& progress, std::uint32_t more, const char* what) {
  const std::uint32_t wanted = progress.count() + more;
  for (const auto end = Clock::now() + Crew::kStuck; !progress.reaches(wanted, Clock::now() + kLook); check())
    if (Clock::now() > end) stuck(std::string("for a minute it was not so that ") + what);
  check();
}

void Hands::go_on(Lateness& lateness) {
  const auto since = Clock::now();
  work(1);
  lateness.add(Clock::now() - since);
}

void Hands::finish() {
  producing_ = false;
  for (const auto end = Clock::now() + Crew::kStuck; !answered_.all_ended(); check()) {
    if (Clock::now() > end) stuck("not all is done a minute after the last fault");
    sees_an_end(kLook);
  }
  running_ = false;
  for (std::thread& t : threads_) t.join();
  threads_.clear();
  check();
}

// ---- for the hands

template <class Body>
void Hands::run(Body body) {
  try {
    while (running_ && !failed_ && body()) {
    }
  } catch (const std::exception& e) {
    const auto* found = dynamic_cast<const Violation*>(&e);
    const std::lock_guard lock(mutex_);
    if (!wrong_) wrong_ = found ? *found : Violation(Harm::corrupt, std::string("a hand: ") + e.what());
    failed_ = true;
  }
}

bool Hands::sees_an_end(std::chrono::milliseconds within) const {
  return answered_.ends().reaches(answered_.ends().count() + 1, Clock::now() + within);
}

bool Hands::answered(Way& way, const Error* error) {
  if (!error) return way.well.add(), true;
  {
    const std::lock_guard lock(mutex_);
    complaint_ = error->message;
  }
  way.failed.add();
  if (error->code == Errc::unknown_outcome) {
    way.unknown.add();
  } else if (!error->retryable) {
    throw Violation(Harm::stuck, "what will pass is told to be final: " + error->message);
  } else if (error->code == Errc::unavailable && error->message.find("NOREPLICAS") != std::string::npos) {
    way.refused.add();
  }
  return false;
}

// Those that were sent wait for an answer longer or shorter, while others are sent.
std::optional<Hands::Batch> Hands::choose(std::vector<Batch>& open, bool enough, std::mt19937_64& random) {
  const bool may_send = producing_ && open.size() < kMostOpen && !enough;
  if (!open.empty() && (!may_send || random() % 2 == 0)) {
    std::swap(open[random() % open.size()], open.back());
    const Batch again = std::move(open.back());
    open.pop_back();
    return again;
  }
  if (!may_send) return std::nullopt;
  Batch batch;
  batch.queue = random() % 4 == 0 ? new_queue(names_) : std::string(kQueues[random() % kQueues.size()]);
  batch.tasks = answered_.send(1 + random() % kAtOnce, batch.queue);
  return batch;
}

// Many wait when no answer comes to those who work, too: then the producers go on all the same.
void Hands::produce(Way& way, DurableBackend& store, std::mt19937_64 random) {
  std::vector<Batch> open;
  bool moves = true;
  run([&] {
    std::optional<Batch> batch = choose(open, moves && answered_.waiting() > kMostWaiting, random);
    moves = true;
    if (!batch) {
      moves = sees_an_end(kLook);
    } else if (!put(way, store, *batch)) {
      open.push_back(std::move(*batch));
      sees_an_end(kPause);
    }
    return producing_ || !open.empty();
  });
}

bool Hands::put(Way& way, DurableBackend& store, const Batch& batch) {
  std::vector<std::string> bodies;
  std::vector<NewTask> tasks;
  for (const int n : batch.tasks) bodies.push_back(body_of(n));
  for (std::size_t i = 0; i < bodies.size(); ++i)
    tasks.push_back({.key = {batch.queue, id_of(batch.tasks[i])}, .body = bodies[i], .kind = "work"});
  const std::uint32_t cuts = way.cuts;
  const auto answer = store.enqueue(tasks, nullptr);
  put_.add();
  if (!answered(way, answer ? nullptr : &answer.error())) return false;
  for (const Admission& a : *answer) {
    if (a.what != Item::ok && a.what != Item::exists)
      throw Violation(Harm::duplicate, "a task is refused: item " + std::to_string(static_cast<int>(a.what)));
    if (a.what == Item::ok && cuts % 2 == 1 && way.cuts == cuts)
      throw Violation(Harm::lost, "a task was accepted by a primary that was cut off");
  }
  answered_.accepted(batch.tasks);
  return true;
}

void Hands::serve(Way& way, DurableBackend& store) {
  std::vector<Leased> held;
  run([&] {
    if (!exchange(way, store, held) || held.empty()) sees_an_end(kPause);
    return true;
  });
}

bool Hands::exchange(Way& way, DurableBackend& store, std::vector<Leased>& held) {
  std::vector<Settlement> ends;
  for (const Leased& l : held) ends.push_back({.key = {l.queue, l.id}, .epoch = l.epoch, .to = State::succeeded});
  std::vector<std::string> queues(kQueues.begin(), kQueues.end());
  for (unsigned n = 0; n <= names_; ++n) queues.push_back(new_queue(n));
  std::vector<Share> shares;
  for (const std::string& q : queues) shares.push_back({q, kAtOnce});
  const std::uint32_t cuts = way.cuts;
  const auto answer = store.exchange(
      {.settle = ends, .claim = shares, .limit = kAtOnce, .begin = kAtOnce, .lease = kLoadLease, .worker = "hand"});
  if (!answered(way, answer ? nullptr : &answer.error())) return false;
  if (!answer->leased.empty() && cuts % 2 == 1 && way.cuts == cuts)
    throw Violation(Harm::lost, "a task was handed out by a primary that was cut off");
  for (std::size_t i = 0; i < held.size(); ++i) answered_.settled(held[i], answer->settled[i]);
  answered_.claimed(answer->leased);
  held = std::move(answer->leased);
  return true;
}

}  // namespace penstock::torture
