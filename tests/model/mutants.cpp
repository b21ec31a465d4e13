#include "model/mutants.hpp"

#include <algorithm>

namespace penstock::model {
namespace {

// The model with its inside turned out, and what is shown of its gates apart.
class Tampered final : public Model {
  template <class What>
  auto shown(What what) {
    std::swap(shown_, gates_);
    auto out = what();
    std::swap(shown_, gates_);
    return out;
  }

 public:
  using Model::Model;

  std::vector<GateState> show() {
    return shown([&] { return gates(); });
  }
  Result<void> show_limit(const std::string& queue, const std::string& gate, Layer layer, const Limit* l) {
    return shown([&] { return limit(queue, gate, layer, l); });
  }
  Result<void> show_hold(const std::string& queue, const std::string& gate, Millis at_most) {
    return shown([&] { return hold(queue, gate, at_most); });
  }
  void take_tokens(const Leased& l) {
    const Queue& q = queues_.at(l.queue);
    spend(q, q.tasks.at(l.id).record, 1);
  }
  // A leased task that nobody knows of, with the gates of this one.
  void leave_slots(const TaskKey& key) {
    auto queue = queues_.find(key.queue);
    if (queue == queues_.end() || !queue->second.tasks.count(key.id)) return;
    Task ghost = queue->second.tasks.at(key.id);
    if (ghost.record.state != State::leased) return;
    TaskId id = key.id;
    id.bytes[0] ^= 1;
    queue->second.tasks[id] = ghost;
  }
  bool bound() {
    return std::any_of(queues_.begin(), queues_.end(), [](const auto& q) { return q.second.bound; });
  }

 private:
  std::map<GateName, Gate> shown_;
};

class ModelBackend final : public DurableBackend, public Registry, public Browser, public Gates {
 public:
  ModelBackend(TimeSource& time, Fault fault) : time_(time), fault_(fault) {}

  Properties properties() const noexcept override {
    Properties p;
    p.features = kUnique | kFair | kGates | kGuard | kChildren | kLimit | kStrictOrder;
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
      if (fault_ == Fault::no_refund) s.unstarted = false;
      if (fault_ == Fault::keeps_slots && s.to == State::ready) model().leave_slots(s.key);
      if (fault_ == Fault::no_fence)
        if (auto record = model().get(s.key)) s.epoch = record->epoch;
    }
    x.settle = settle;
    if (fault_ == Fault::no_begin) x.begin = 0;
    if (fault_ == Fault::late_leases) x.lease += Millis(1);
    if (fault_ == Fault::no_half) x.ahead = 0;
    if (fault_ == Fault::all_ahead) x.ahead = x.limit;
    if (fault_ == Fault::no_spill) {
      std::uint32_t quotas = 0;
      for (const Share& s : x.claim) quotas += s.quota;
      x.limit = std::min(x.limit, quotas);
    }
    Answer none;
    auto out = model().exchange(x, none);
    if (!out) return out;
    for (const Leased& l : out->leased)
      if (fault_ == (l.lapsed ? Fault::lapse_takes_tokens : Fault::twice_the_tokens)) model_.take_tokens(l);
    if (fault_ == Fault::late_next_due && model_.bound() && out->next_due > Millis(0)) ++*out->next_due;
    if (fault_ == Fault::silent_stop)
      for (Extended& e : out->extended) e.stop.clear();
    if (fault_ == Fault::wrong_next_due && out->next_due == x.lease) out->next_due.reset();
    return done(out);
  }

  Result<std::vector<Admission>> enqueue(std::span<const NewTask> asked, const Guard* guard) noexcept override {
    std::vector<NewTask> tasks(asked.begin(), asked.end());
    for (NewTask& t : tasks) {
      if (fault_ == Fault::limit_off_by_one && t.queue_limit != 0) ++t.queue_limit;
      if (fault_ == Fault::flat_weights && t.weight != 0) t.weight = 1;
      if (fault_ == Fault::claim_frees_key) t.unique_while = Unique::waiting;
      if (fault_ == Fault::short_memory && t.unique_for > Millis(0)) t.unique_for = Millis(0);
      if (fault_ == Fault::no_replace) t.replace = false;
      if (fault_ == Fault::one_key && t.fair.size() <= kMaxKey) fair_.emplace(t.key.id, std::exchange(t.fair, {}));
    }
    auto out = model().enqueue(tasks, fault_ == Fault::no_guard ? nullptr : guard);
    if (out && fault_ == Fault::names_newcomer)
      for (std::size_t i = 0; i < tasks.size(); ++i) (*out)[i].id = tasks[i].key.id;
    return done(out);
  }

  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override {
    std::vector<Item> out;
    for (const TaskKey& key : keys) {
      auto record = model().get(key);
      const bool deaf = fault_ == Fault::deaf_cancel && record && record->state == State::leased;
      out.push_back(deaf ? Item::requested : model().cancel(key));
    }
    return done(out);
  }

  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    std::vector<std::optional<Record>> out;
    for (const TaskKey& key : keys) unbend(key.id, out.emplace_back(model().get(key)));
    return out;
  }
  Result<std::vector<Counts>> counts() noexcept override { return model_.counts(); }
  Result<std::uint64_t> trim(const Retention& asked) noexcept override {
    Retention r = asked;
    if (fault_ == Fault::keeps_one_more && r.count != UINT64_MAX) ++r.count;
    return model().trim(r, {}, {});
  }

  Result<std::vector<Document>> list(std::string_view) noexcept override {
    std::vector<Document> out;
    for (const auto& [name, document] : model_.documents) out.push_back(document);
    return out;
  }
  Result<std::uint64_t> put(const Document& d) noexcept override { return model_.put(d); }

  Result<std::vector<std::pair<TaskId, Record>>> list(const Filter& f, std::string& next) noexcept override {
    std::vector<std::pair<TaskId, Record>> rows;
    for (const auto& [arrival, row] : model().list(f)) {
      std::optional<Record> shown = row.second;
      unbend(row.first, shown);
      rows.emplace_back(row.first, *shown);
    }
    std::size_t from = std::min(f.cursor.empty() ? 0 : std::stoul(std::string(f.cursor)), rows.size());
    std::size_t to = std::min(from + f.at_most, rows.size());
    next = to == rows.size() ? "" : std::to_string(to);
    return std::vector(rows.begin() + static_cast<std::ptrdiff_t>(from),
                       rows.begin() + static_cast<std::ptrdiff_t>(to));
  }
  Result<std::vector<Item>> move(std::span<const TaskKey> keys, State from, State to, Millis delay) noexcept override {
    std::vector<Item> out;
    for (const TaskKey& key : keys)
      out.push_back(model().move(key, from, to, fault_ == Fault::moves_at_once ? Millis(0) : delay));
    return done(out);
  }

  Result<void> limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* limit) noexcept override {
    auto shown = model().show_limit(std::string(queue), std::string(gate), layer, limit);
    if (!shown) return shown;
    std::optional<Limit> bent;
    if (limit) bent = *limit;
    if (bent && fault_ == Fault::deaf_limit) bent->running = -1;
    if (fault_ == Fault::meek_operator) layer = layer == Layer::declared ? Layer::operator_ : Layer::declared;
    if (fault_ == Fault::upper_class && gate.find(':') != gate.npos) return {};  // the class has the last word
    return done(model().limit(std::string(queue), std::string(gate), layer, bent ? &*bent : nullptr));
  }
  Result<void> hold(std::string_view queue, std::string_view gate, Millis at_most) noexcept override {
    auto shown = model().show_hold(std::string(queue), std::string(gate), at_most);
    if (!shown || fault_ == Fault::deaf_hold) return shown;
    if (fault_ == Fault::late_opening && at_most > Millis(0) && at_most != kHoldForever) at_most += Millis(1);
    return done(model().hold(std::string(queue), std::string(gate), at_most));
  }
  Result<std::vector<GateState>> gates(std::string_view) noexcept override { return model().show(); }

  void* query(std::string_view id) noexcept override { return offer<Registry, Browser, Gates>(this, id); }

 private:
  void unbend(const TaskId& id, std::optional<Record>& record) const {
    auto fair = fair_.find(id);
    if (record && fair != fair_.end() && !record->tombstone) record->fair = fair->second;
  }
  // As of now.
  Tampered& model() {
    const Millis boot = fault_ == Fault::jumping_leases ? time_.wall().time_since_epoch() : time_.boot();
    model_.now = {time_.wall(), boot, time_.wall().time_since_epoch()};
    return model_;
  }
  template <class Out>
  Result<Out> done(Out out) {
    model_.step();
    return out;
  }
  template <class Out>
  Result<Out> done(Result<Out> out) {
    model_.step();
    return out;
  }

  TimeSource& time_;
  Fault fault_;
  Tampered model_{properties()};
  std::map<TaskId, std::string> fair_;  // of the tasks whose key was kept from the model
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
