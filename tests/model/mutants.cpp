#include "model/mutants.hpp"

#include <algorithm>

namespace penstock::model {
namespace {

class ModelBackend final : public DurableBackend, public Registry, public Browser {
 public:
  ModelBackend(TimeSource& time, Fault fault) : time_(time), fault_(fault) {}

  Properties properties() const noexcept override {
    Properties p;
    p.features = kGuard | kChildren | kLimit | kStrictOrder;
    p.max_batch = 64;
    p.max_body = 200;
    p.remembers_ids = Millis(50);
    return p;
  }

  Result<Exchanged> exchange(const Exchange& asked) noexcept override {
    Exchange x = asked;
    std::vector<Settlement> settle(x.settle.begin(), x.settle.end());
    for (Settlement& s : settle) {
      if (fault_ == Fault::drops_charges) s.charge = Charge::none;
      if (fault_ == Fault::keeps_everything) s.keep = kKeepForever;
      if (fault_ == Fault::cuts_notes) s.note = s.note.substr(0, s.note.find('\0'));
      if (fault_ == Fault::no_children) s.children = {};
      if (fault_ == Fault::late_retries && s.delay > Millis(0)) s.delay += Millis(1);
      if (fault_ == Fault::no_fence)
        if (auto record = model_.get({&s.key, 1}, now())[0]) s.epoch = record->epoch;
    }
    x.settle = settle;
    if (fault_ == Fault::no_begin) x.begin = 0;
    if (fault_ == Fault::late_leases) x.lease += Millis(1);
    if (fault_ == Fault::no_spill) {
      std::uint32_t quotas = 0;
      for (const Share& s : x.claim) quotas += s.quota;
      x.limit = std::min(x.limit, quotas);
    }
    auto out = model_.exchange(x, now());
    if (!out) return out;
    if (fault_ == Fault::silent_stop)
      for (Extended& e : out->extended) e.stop.clear();
    if (fault_ == Fault::wrong_next_due && out->next_due == x.lease) out->next_due.reset();
    return out;
  }

  Result<std::vector<Admission>> enqueue(std::span<const NewTask> asked, const Guard* guard) noexcept override {
    std::vector<NewTask> tasks(asked.begin(), asked.end());
    for (NewTask& t : tasks) {
      if (fault_ == Fault::limit_off_by_one && t.queue_limit != 0) ++t.queue_limit;
      if (fault_ == Fault::flat_weights && t.weight != 0) t.weight = 1;
    }
    return model_.enqueue(tasks, fault_ == Fault::no_guard ? nullptr : guard, now());
  }

  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override {
    if (fault_ != Fault::deaf_cancel) return model_.cancel(keys, now());
    std::vector<Item> out;
    for (const TaskKey& key : keys) {
      auto record = model_.get({&key, 1}, now())[0];
      bool running = record && record->state == State::leased;
      out.push_back(running ? Item::requested : model_.cancel({&key, 1}, now())->front());
    }
    return out;
  }

  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    return model_.get(keys, now());
  }
  Result<std::vector<Counts>> counts() noexcept override { return model_.counts(); }
  Result<std::uint64_t> trim(const Retention& asked) noexcept override {
    Retention r = asked;
    if (fault_ == Fault::keeps_one_more && r.count != UINT64_MAX) ++r.count;
    return model_.trim(r, now(), {});
  }

  Result<std::vector<Document>> list(std::string_view) noexcept override { return model_.documents(); }
  Result<std::uint64_t> put(const Document& d) noexcept override { return model_.put(d); }

  Result<std::vector<std::pair<TaskId, Record>>> list(const Filter& f, std::string& next) noexcept override {
    auto rows = model_.list(f, now());
    std::size_t from = std::min(f.cursor.empty() ? 0 : std::stoul(std::string(f.cursor)), rows.size());
    std::size_t to = std::min(from + f.at_most, rows.size());
    next = to == rows.size() ? "" : std::to_string(to);
    return std::vector(rows.begin() + static_cast<std::ptrdiff_t>(from),
                       rows.begin() + static_cast<std::ptrdiff_t>(to));
  }
  Result<std::vector<Item>> move(std::span<const TaskKey> keys, State from, State to, Millis delay) noexcept override {
    return model_.move(keys, from, to, fault_ == Fault::moves_at_once ? Millis(0) : delay, now());
  }

  void* query(std::string_view id) noexcept override {
    if (id == Registry::kId) return static_cast<Registry*>(this);
    return id == Browser::kId ? static_cast<Browser*>(this) : nullptr;
  }

 private:
  Now now() {
    if (fault_ == Fault::jumping_leases) return {time_.wall(), time_.wall().time_since_epoch()};
    return {time_.wall(), time_.boot()};
  }

  TimeSource& time_;
  Fault fault_;
  Model model_{properties()};
};

class Mutant final : public Subject {
 public:
  explicit Mutant(Fault fault) : fault_(fault) { Mutant::fresh(); }
  void fresh() override {
    backend_.reset();
    time_ = std::make_unique<testing::ManualTime>();
    backend_ = std::make_unique<ModelBackend>(*time_, fault_);
  }

 private:
  Fault fault_;
};

}  // namespace

std::unique_ptr<Subject> make_mutant(Fault fault) { return std::make_unique<Mutant>(fault); }

}  // namespace penstock::model
