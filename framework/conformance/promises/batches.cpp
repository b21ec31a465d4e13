// Sizes of batches, and that each item of one has its own answer.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

template <class Item>
Exchange with(std::span<const Item> Exchange::*field, const std::vector<Item>& items) {
  Exchange e;
  e.*field = items;
  e.limit = 1;
  e.lease = kLong;
  return e;
}

// Queue names "q0", "q1", ... and a share of each.
struct Shares {
  explicit Shares(std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) names.push_back("q" + std::to_string(i));
    for (const std::string& name : names) all.push_back({name, 1});
  }
  std::vector<std::string> names;
  std::vector<Share> all;
};

// Leaves one leased task behind, whose state an oversized batch must not touch.
Leased witness(Lab& lab) {
  lab.need(lab.properties().max_batch <= 100'000, "a max_batch of at most 100,000");
  return lab.leased();
}

constexpr Promise kBatchesPromises[] = {
    {"batch.too_many_new_tasks_is_invalid",
     "An enqueue of more than max_batch tasks is Errc::invalid and changes nothing.", 0, nullptr,
     [](Lab& lab) {
       witness(lab);
       const std::string before = lab.dump();
       const auto batch = lab.tasks(lab.properties().max_batch + std::size_t{1});
       fails(lab.store().enqueue(batch, nullptr), Errc::invalid, "an enqueue of max_batch + 1");
       lab.unchanged(before, "an enqueue of max_batch + 1");
     }},

    {"batch.too_many_settlements_is_invalid",
     "An exchange of more than max_batch settlements is Errc::invalid and changes nothing.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = witness(lab);
       const std::string before = lab.dump();
       const std::vector<Settlement> batch(lab.properties().max_batch + std::size_t{1}, lab.say(t, State::succeeded));
       fails(lab.store().exchange(with(&Exchange::settle, batch)), Errc::invalid, "max_batch + 1 settlements");
       lab.unchanged(before, "max_batch + 1 settlements");
     }},

    {"batch.too_many_extensions_is_invalid", "An exchange of more than max_batch extensions is Errc::invalid.", 0,
     nullptr,
     [](Lab& lab) {
       const Leased t = witness(lab);
       const std::vector<Held> batch(lab.properties().max_batch + std::size_t{1}, Held{t.queue, t.epoch});
       fails(lab.store().exchange(with(&Exchange::extend, batch)), Errc::invalid, "max_batch + 1 extensions");
     }},

    {"batch.too_many_shares_is_invalid",
     "An exchange that claims from more than max_batch queues is Errc::invalid and claims nothing.", 0, nullptr,
     [](Lab& lab) {
       witness(lab);
       lab.put("q0");
       const std::string before = lab.dump();
       const Shares shares(lab.properties().max_batch + std::size_t{1});
       fails(lab.store().exchange(with(&Exchange::claim, shares.all)), Errc::invalid, "max_batch + 1 shares");
       lab.unchanged(before, "max_batch + 1 shares");
     }},

    {"batch.too_many_cancels_is_invalid", "A cancel of more than max_batch tasks is Errc::invalid and changes nothing.",
     0, nullptr,
     [](Lab& lab) {
       const Leased t = witness(lab);
       const std::string before = lab.dump();
       const std::vector<TaskKey> batch(lab.properties().max_batch + std::size_t{1}, key(t));
       fails(lab.store().cancel(batch), Errc::invalid, "max_batch + 1 cancels");
       lab.unchanged(before, "max_batch + 1 cancels");
     }},

    {"batch.too_many_gets_is_invalid", "A get of more than max_batch tasks is Errc::invalid.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = witness(lab);
       const std::vector<TaskKey> batch(lab.properties().max_batch + std::size_t{1}, key(t));
       fails(lab.store().get(batch), Errc::invalid, "max_batch + 1 gets");
     }},

    {"batch.full_batches_are_served",
     "Exactly max_batch tasks can be enqueued, read, settled and cancelled in one call each.", 0, nullptr,
     [](Lab& lab) {
       const std::uint32_t n = lab.properties().max_batch;
       lab.need(n <= 10'000, "a max_batch of at most 10,000");
       const auto batch = lab.tasks(n);
       for (const Admission& a : lab.enqueue(batch)) same(a.what, Item::ok, "an enqueue in a full batch");
       std::vector<TaskKey> keys;
       for (const NewTask& t : batch) keys.push_back(t.key);
       for (const auto& r : must(lab.store().get(keys), "get"))
         holds(r.has_value(), "a record for each task of a full batch");
       const auto got = lab.claim(n);
       same(got.size(), n, "the number of tasks claimed");
       std::vector<Settlement> says;
       for (const Leased& t : got) says.push_back(lab.say(t, State::ready));
       for (Item i : lab.exchange(with(&Exchange::settle, says)).settled)
         same(i, Item::ok, "a settlement in a full batch");
       for (Item i : must(lab.store().cancel(keys), "cancel")) same(i, Item::ok, "a cancel in a full batch");
       same(lab.count(State::cancelled), n, "the count of cancelled tasks");
     }},

    {"batch.empty_calls_do_nothing", "A call without items succeeds, answers nothing and changes nothing.", 0, nullptr,
     [](Lab& lab) {
       lab.leased();
       const std::string before = lab.dump();
       same(lab.enqueue(std::span<const NewTask>()).size(), 0u, "answers of an empty enqueue");
       same(must(lab.store().cancel({}), "cancel").size(), 0u, "answers of an empty cancel");
       same(must(lab.store().get({}), "get").size(), 0u, "answers of an empty get");
       Exchange e;
       e.lease = kLong;
       const Exchanged answer = lab.exchange(e);
       same(answer.leased.size(), 0u, "tasks claimed by an empty exchange");
       lab.unchanged(before, "an empty batch");
     }},

    {"batch.arguments_are_not_kept", "Nothing that is passed in is looked at after the call.", 0, nullptr,
     [](Lab& lab) {
       std::string queue = "queue-name", kind = "kind-name", body(300, 'b'), worker = "worker-name";
       NewTask t = lab.task(queue);
       t.kind = kind, t.body = body;
       const TaskId id = lab.put(t).id;
       queue.assign(10, 'x'), kind.assign(9, 'x'), body.assign(300, 'x');
       const Leased got = lab.claim_one("queue-name");
       same(got.id, id, "the id");
       same(got.kind, "kind-name", "the kind");
       same(got.body, std::string(300, 'b'), "the body");
     }},
};

}  // namespace

Promises batches() { return kBatchesPromises; }

}  // namespace penstock::conformance::areas
