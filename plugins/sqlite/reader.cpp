#include "reader.hpp"

#include <charconv>

#include "gate_setting.hpp"
#include "traits.hpp"
#include "transaction.hpp"

namespace penstock::sqlite {
namespace {

#define PENSTOCK_RECORD_COLUMNS PENSTOCK_TASK_COLUMNS ",body,note"

constexpr int kMostVisited = 20'000;  // rows that one page of a listing may pass over

}  // namespace

struct Reader::Session {
  explicit Session(const Options& options) : connection(options) {}

  Connection connection;
  sqlite3* db = connection.raw();
  Statement begin{db, "BEGIN"}, commit{db, "COMMIT"};
  Statement task{db, "SELECT " PENSTOCK_RECORD_COLUMNS
                     " FROM penstock_task WHERE id=?1 AND q=(SELECT q FROM penstock_queue WHERE name=?2)"};
  Statement gone{db,
                 "SELECT epoch,state,ended FROM penstock_gone_a WHERE id=?1 AND q=(SELECT q FROM penstock_queue WHERE "
                 "name=?2) UNION ALL SELECT epoch,state,ended FROM penstock_gone_b WHERE id=?1 AND q=(SELECT q FROM "
                 "penstock_queue WHERE name=?2)"};
  Statement content{db, "SELECT data FROM penstock_content WHERE k=?1"};
  Statement counts{db,
                   "SELECT name,bytes_succeeded+bytes_dead+bytes_cancelled,held,scheduled,ready,leased,succeeded,dead,"
                   "cancelled FROM penstock_queue ORDER BY name"};
  Statement documents{db, "SELECT name,value,revision FROM penstock_document WHERE name>=?1 ORDER BY name"};
  Statement gates{db,
                  "SELECT l.queue,l.gate,iif(l.gate=x'',q.leased,g.leased),g.waiting," PENSTOCK_SETTING_COLUMNS
                  " FROM penstock_limit l LEFT JOIN penstock_queue q ON q.name=l.queue LEFT JOIN penstock_gate g ON "
                  "g.q=q.q AND g.name=l.gate WHERE ?1 IN ('',l.queue) ORDER BY l.queue,l.gate"};
  Statement queue{db, "SELECT q FROM penstock_queue WHERE name=?1"};
  Statement page{db, "SELECT n,q,state,place,enqueued,kind FROM penstock_task WHERE n>?1 ORDER BY n"};
  Statement task_n{db, "SELECT " PENSTOCK_RECORD_COLUMNS " FROM penstock_task WHERE n=?1"};

  Record record(Use& use, std::int64_t wall);
  std::string large(std::int64_t k) {
    Use use(content, k);
    return use.next() ? std::string(use.bytes(0)) : std::string();
  }
};

struct Reader::Request : shared::Turns<Request>::Ticket {
  virtual void work(Session&) = 0;
  std::optional<Error> failed;

 protected:
  ~Request() = default;
};

Reader::Reader(const Options& options, const Clock& clock, Identity& identity)
    : options_(options), clock_(clock), identity_(identity), session_(std::make_unique<Session>(options)) {}

Reader::~Reader() = default;

template <class T, class F>
Result<T> Reader::ask(F&& f) {
  struct Question final : Request {
    explicit Question(F& what) : f(what) {}
    void work(Session& session) override { answer.emplace(f(session)); }
    F& f;
    std::optional<T> answer;
  } question(f);
  turns_.take(
      question, {}, [this](auto group) { lead(group); }, [] {});
  if (question.failed) return *std::move(question.failed);
  return *std::move(question.answer);
}

void Reader::lead(std::span<Request* const> group) noexcept {
  auto done = contain([&]() -> Result<void> {
    if (!session_) {
      identity_.verify();
      session_ = std::make_unique<Session>(options_);
    }
    run(session_->begin);
    for (Request* r : group) r->work(*session_);
    run(session_->commit);
    return {};
  });
  if (done) return;
  session_.reset();  // opened anew by the next group, whatever it was
  for (Request* r : group) r->failed = done.error();
}

Record Reader::Session::record(Use& use, std::int64_t wall) {
  const TaskRow t = read_task(use);
  Record r{.state = t.state,
           .kind = t.kind,
           .body = t.flags & kLargeBody ? large(2 * t.n) : std::string(use.bytes(17)),
           .note = t.flags & kLargeNote ? large(2 * t.n + 1) : std::string(use.bytes(18)),
           .epoch = t.epoch,
           .priority = priority_of(t.rank),
           .weight = weight_of(t.rank),
           .failures = static_cast<std::uint32_t>(t.failures),
           .crashes = static_cast<std::uint32_t>(t.crashes),
           .begun = t.state == State::leased && (t.flags & kBegun) != 0,
           .cancel_requested = t.state == State::leased && (t.flags & kStop) != 0,
           .enqueued = Time(Millis(t.enqueued)),
           .unique = std::string(unique_of(t.traits)),
           .fair = std::string(fair_of(flow_of(t.traits)))};
  for (std::string_view gate : gates_of(flow_of(t.traits))) r.gates.emplace_back(gate);
  if (t.state == State::scheduled) {
    if (t.place <= wall)
      r.state = State::ready;
    else
      r.due = Time(Millis(t.place));
  }
  if (ended(t.state)) r.ended = Time(Millis(t.place));
  return r;
}

Result<std::vector<std::optional<Record>>> Reader::get(std::span<const TaskKey> keys) {
  using Records = std::vector<std::optional<Record>>;
  return ask<Records>([&](Session& s) {
    Records out(keys.size());
    const std::int64_t wall = clock_.wall();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      Use task(s.task, view(keys[i].id), Text{keys[i].queue});
      if (task.next()) {
        out[i] = s.record(task, wall);
        continue;
      }
      Use gone(s.gone, view(keys[i].id), Text{keys[i].queue});
      if (!gone.next()) continue;
      out[i] = Record{.state = static_cast<State>(gone.integer(1)),
                      .epoch = static_cast<Epoch>(gone.integer(0)),
                      .tombstone = true,
                      .ended = Time(Millis(gone.integer(2)))};
    }
    return out;
  });
}

Result<std::vector<Counts>> Reader::counts() {
  return ask<std::vector<Counts>>([&](Session& s) {
    std::vector<Counts> out;
    Use use(s.counts);
    while (use.next()) {
      Counts& c = out.emplace_back();
      c.queue = use.bytes(0);
      c.bytes_ended = static_cast<std::uint64_t>(use.integer(1));
      for (std::size_t i = 0; i < kStates; ++i) {
        c.by_state[i] = static_cast<std::uint64_t>(use.integer(2 + static_cast<int>(i)));
      }
    }
    return out;
  });
}

Result<std::vector<GateState>> Reader::gates(std::string_view queue) {
  return ask<std::vector<GateState>>([&](Session& s) {
    std::vector<GateState> out;
    const std::int64_t now = clock_.boot();
    Use use(s.gates, Text{queue});
    while (use.next()) {
      const GateSetting set = read_gate_setting(use, 4);
      const bool held = set.held > now;
      if (!set.limit() && !held) continue;
      GateState& g = out.emplace_back();
      g = {.queue = std::string(use.bytes(0)), .gate = std::string(use.bytes(1))};
      g.declared = set.declared;
      g.by_operator = set.by_operator;
      if (held) g.held = set.held == INT64_MAX ? kHoldForever : Millis(set.held - now);
      g.leased = static_cast<std::uint64_t>(use.integer(2));
      g.waiting = static_cast<std::uint64_t>(use.integer(3));
    }
    return out;
  });
}

Result<std::vector<Document>> Reader::documents(std::string_view prefix) {
  return ask<std::vector<Document>>([&](Session& s) {
    std::vector<Document> out;
    Use use(s.documents, Text{prefix});
    while (use.next() && use.bytes(0).substr(0, prefix.size()) == prefix) {
      out.push_back({std::string(use.bytes(0)), std::string(use.bytes(1)), static_cast<std::uint64_t>(use.integer(2))});
    }
    return out;
  });
}

// Walks in order of arrival from the cursor on, a bounded way: a page may be short and yet have a next.
Result<std::vector<std::pair<TaskId, Record>>> Reader::list(const Filter& filter, std::string& next) {
  using Page = std::vector<std::pair<TaskId, Record>>;
  std::int64_t cursor = INT64_MIN;
  const char* last = filter.cursor.data() + filter.cursor.size();
  if (!filter.cursor.empty() && std::from_chars(filter.cursor.data(), last, cursor).ptr != last) {
    return Error{Errc::invalid, "not a cursor of this backend: " + std::string(filter.cursor.substr(0, 64))};
  }
  return ask<Page>([&](Session& s) {
    Page out;
    next.clear();
    const std::int64_t wall = clock_.wall();
    Use queue(s.queue, Text{filter.queue});
    if (!queue.next() || filter.at_most == 0) return out;
    Use use(s.page, cursor);
    std::int64_t n = cursor;
    for (int visited = 0; use.next(); n = use.integer(0)) {
      if (out.size() == filter.at_most || ++visited > kMostVisited) {
        next = std::to_string(n);
        break;
      }
      auto state = static_cast<State>(use.integer(2));
      const Time at(Millis(use.integer(ended(state) ? 3 : 4)));
      if (state == State::scheduled && use.integer(3) <= wall) state = State::ready;
      const bool wanted = use.integer(1) == queue.integer(0) && state == filter.state && at >= filter.from &&
                          at < filter.to && (filter.kind.empty() || use.bytes(5) == filter.kind);
      if (!wanted) continue;
      Use row(s.task_n, use.integer(0));
      if (row.next()) {
        Record record = s.record(row, wall);
        out.emplace_back(task_id(row.bytes(1)), std::move(record));
      }
    }
    return out;
  });
}

}  // namespace penstock::sqlite
