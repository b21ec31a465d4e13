// The relay's rounds, with rows and a store that are told what to answer.
#include "outbox/round.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "outbox/record.hpp"

using namespace penstock;
using namespace penstock::outbox;

namespace {

TaskId id_of(int n) {
  TaskId id;
  id.bytes[15] = static_cast<unsigned char>(n);
  return id;
}

OutboxRow row(int n, const std::string& queue = "q") {
  NewTask task{.key = {queue, id_of(n)}, .body = "body", .kind = "k"};
  return {n, id_of(n), queue, "k", encode(task)};
}

struct Rows final : OutboxRows {
  Result<std::vector<OutboxRow>> read(std::uint32_t at_most) override {
    if (broken) return *broken;
    return std::vector<OutboxRow>(there.begin(), there.begin() + std::min<std::ptrdiff_t>(at_most, std::ssize(there)));
  }
  Result<void> finish(std::span<const std::int64_t> moved, std::span<const Refused> refused) override {
    if (cannot_finish) return *cannot_finish;
    for (const Refused& r : refused) reasons[r.n] = r.reason;
    std::erase_if(there, [&](const OutboxRow& r) {
      return std::ranges::find(moved, r.n) != moved.end() || reasons.contains(r.n);
    });
    return {};
  }
  Result<bool> changed() override { return true; }

  std::vector<OutboxRow> there;
  std::map<std::int64_t, std::string> reasons;
  std::optional<Error> broken, cannot_finish;
};

// Takes tasks in order; what it does with some of them is told by their number.
struct Store {
  Result<std::vector<Admission>> operator()(std::span<const NewTask> tasks) {
    ++calls;
    for (const NewTask& t : tasks) {
      if (auto bad = errors.find(t.key.id.bytes[15]); bad != errors.end()) return bad->second;
    }
    std::vector<Admission> out;
    for (const NewTask& t : tasks) {
      int n = t.key.id.bytes[15];
      auto told = answers.find(n);
      Item what = told != answers.end() ? told->second : std::ranges::count(taken, n) ? Item::exists : Item::ok;
      if (what == Item::ok) taken.push_back(n);
      out.push_back({what, t.key.id});
    }
    if (after) return *after;
    return out;
  }
  std::map<int, Error> errors;  // of a whole batch that has the task
  std::map<int, Item> answers;
  std::optional<Error> after;  // the answer, once the tasks are in
  std::vector<int> taken;
  int calls = 0;
};

struct Scene {
  explicit Scene(int count) {
    for (int n = 1; n <= count; ++n) rows.there.push_back(row(n));
  }
  Round round(std::uint32_t batch = 100) {
    return relay_round(rows, batch, [this](std::span<const NewTask> t) { return store(t); });
  }
  Rows rows;
  Store store;
};

Error error(Errc code) { return {code, "told so"}; }

}  // namespace

TEST_CASE("rows go in order, a batch at a time, and are taken out") {
  Scene s(5);
  Round r = s.round(3);
  CHECK((r.read == 3 && r.moved == 3 && r.refused == 0 && !r.trouble));
  CHECK(s.rows.there.size() == 2);
  r = s.round(3);
  CHECK((r.read == 2 && r.moved == 2));
  CHECK(s.store.taken == std::vector{1, 2, 3, 4, 5});
  r = s.round(3);
  CHECK((r.read == 0 && s.store.calls == 2));  // nothing there: nobody is asked
}

TEST_CASE("rows that were sent and not taken out are sent again, and there once") {
  Scene s(3);
  s.rows.cannot_finish = error(Errc::unavailable);
  Round r = s.round();
  REQUIRE(r.trouble);
  CHECK((r.moved == 0 && s.rows.there.size() == 3));
  s.rows.cannot_finish.reset();
  r = s.round();
  CHECK((r.moved == 3 && s.rows.there.empty()));
  CHECK(s.store.taken == std::vector{1, 2, 3});
}

TEST_CASE("an unknown outcome leaves the rows, and the next round settles it") {
  Scene s(3);
  s.store.after = error(Errc::unknown_outcome);
  Round r = s.round();
  CHECK((r.trouble && r.trouble->code == Errc::unknown_outcome && r.moved == 0));
  CHECK(s.rows.there.size() == 3);
  s.store.after.reset();
  CHECK(s.round().moved == 3);
  CHECK(s.store.taken == std::vector{1, 2, 3});
}

TEST_CASE("what cannot be read, and what the store refuses, is set aside with a reason; the rest goes on") {
  Scene s(6);
  s.rows.there[0].task = "not a record";
  s.store.answers = {{2, Item::conflict}, {4, Item::invalid}};
  Round r = s.round();
  CHECK((r.moved == 3 && r.refused == 3 && !r.trouble && r.reasons.size() == 3));
  CHECK(s.rows.there.empty());
  CHECK(s.store.taken == std::vector{3, 5, 6});
  CHECK(s.rows.reasons[1] == "the row is of a version that this program does not know");
  CHECK(s.rows.reasons[2] == "conflict: the id is taken by a task with another content");
  CHECK(s.rows.reasons[4] == "invalid: the store does not take it");
}

TEST_CASE("a unique key that is held is told with its holder") {
  Scene s(1);
  Round r = relay_round(s.rows, 10, [](std::span<const NewTask>) -> Result<std::vector<Admission>> {
    return std::vector<Admission>{{Item::conflict, id_of(9)}};
  });
  CHECK(r.refused == 1);
  CHECK(s.rows.reasons[1] == "conflict: the unique key is held by 00000000-0000-0000-0000-000000000009");
  NewTask task{.key = {"q", id_of(1)}, .body = "body", .kind = "k", .unique = "u"};
  s.rows.there = {{1, id_of(1), "q", "k", encode(task, true)}};  // the holder will do
  r = relay_round(s.rows, 10, [](std::span<const NewTask>) -> Result<std::vector<Admission>> {
    return std::vector<Admission>{{Item::conflict, id_of(9)}};
  });
  CHECK((r.moved == 1 && r.refused == 0));
}

TEST_CASE("a row for which the store refuses the whole batch is found and set aside") {
  for (Errc code : {Errc::invalid, Errc::unsupported, Errc::internal}) {
    Scene s(20);
    s.store.errors = {{7, error(code)}, {20, error(code)}};
    Round r = s.round();
    CHECK((r.moved == 18 && r.refused == 2 && !r.trouble));
    CHECK(s.rows.reasons[7] == std::string(name(code)) + ": told so");
    CHECK(std::ranges::is_sorted(s.store.taken));
  }
}

TEST_CASE("a passing error stops the round there, so that the order holds") {
  for (Errc code :
       {Errc::unavailable, Errc::unknown_outcome, Errc::resource_exhausted, Errc::permission, Errc::data_regression}) {
    Scene s(8);
    s.store.errors = {{1, error(Errc::invalid)}, {3, error(code)}};  // the batch is halved for 1; then 3 is in the way
    Round r = s.round();
    REQUIRE(r.trouble);
    CHECK(r.trouble->code == code);
    CHECK(s.store.taken == std::vector{2});
    CHECK((s.rows.reasons.size() == 1 && s.rows.there.size() == 6));
  }
  for (Item what : {Item::full, Item::unknown}) {
    Scene s(3);
    s.store.answers = {{2, what}};
    Round r = s.round();
    CHECK((r.trouble && r.trouble->retryable && r.moved == 1 && s.rows.there.size() == 2 && s.rows.reasons.empty()));
  }
}

TEST_CASE("rows that cannot be read are trouble, and a store that answers short too") {
  Scene s(2);
  s.rows.broken = error(Errc::unavailable);
  CHECK(s.round().trouble);
  CHECK(s.store.calls == 0);
  s.rows.broken.reset();
  Round r = relay_round(
      s.rows, 10, [](std::span<const NewTask>) -> Result<std::vector<Admission>> { return std::vector<Admission>(); });
  CHECK((r.trouble && r.refused == 0 && s.rows.there.size() == 2));
}
