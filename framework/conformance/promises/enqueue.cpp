// Letting tasks in: admission, repeats, conflicts, names, dates.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"
#include "conformance/promises/hostile.hpp"

namespace penstock::conformance::areas {

namespace {

void same_again(Lab& lab, const NewTask& t, Item expected, const char* what) {
  const std::string before = lab.dump();
  for (int i = 0; i < lab.harness().repeat; ++i) {
    const auto answer = lab.enqueue(std::span(&t, 1));
    same(answer[0].what, expected, what);
    same(answer[0].id, t.key.id, "the id that is there");
  }
  lab.unchanged(before, what);
}

// The record's due date, which must lie `after` from now, give or take what the clock may move.
void due_in(Lab& lab, const Record& r, Millis after, Time before_call) {
  same(r.state, State::scheduled, "the state");
  const Millis step = lab.properties().time_step;
  holds(r.due >= before_call + after - step,
        "a due date not before " + text(before_call + after) + ", not " + text(r.due));
  holds(r.due <= lab.wall() + after + step,
        "a due date not after " + text(lab.wall() + after) + ", not " + text(r.due));
}

constexpr Promise kEnqueuePromises[] = {
    {"enqueue.accepts_a_task", "A new task is answered ok with its own id, and is ready.", 0, nullptr,
     [](Lab& lab) {
       const NewTask t = lab.task();
       const auto answer = lab.enqueue(std::span(&t, 1));
       same(answer[0].what, Item::ok, "the answer");
       same(answer[0].id, t.key.id, "the id answered");
       same(lab.record(t.key).state, State::ready, "the state");
     }},

    {"enqueue.same_again_exists", "The same task sent again is answered exists, however often, and changes nothing.", 0,
     nullptr,
     [](Lab& lab) {
       const NewTask t = lab.task();
       lab.put(t);
       same_again(lab, t, Item::exists, "the same enqueue again");
       same(lab.claim(10).size(), 1u, "the number of tasks there");
     }},

    {"enqueue.same_again_with_other_options_exists",
     "Priority, weight and dates of the first enqueue stand when the same id, kind and body come again.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       lab.put(t);
       t.priority = 7, t.weight = 9, t.delay = lab.ticks(9);
       same_again(lab, t, Item::exists, "an enqueue with other options");
     }},

    {"enqueue.other_body_conflicts",
     "An id that is taken by another body is answered conflict, and the first body stays.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       lab.put(t);
       t.body = "another body";
       same_again(lab, t, Item::conflict, "an enqueue of another body");
     }},

    {"enqueue.other_kind_conflicts",
     "An id that is taken by another kind is answered conflict, and the first kind stays.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       lab.put(t);
       t.kind = "another.kind";
       same_again(lab, t, Item::conflict, "an enqueue of another kind");
     }},

    {"enqueue.same_again_while_leased_exists",
     "The same task sent again while it runs is answered exists and changes nothing.", 0, nullptr,
     [](Lab& lab) {
       const NewTask t = lab.task();
       lab.put(t);
       lab.claim_one();
       same_again(lab, t, Item::exists, "an enqueue of a running task");
     }},

    {"enqueue.same_again_after_the_end_exists",
     "The same task sent again after its end is answered exists and does not run again.", 0, nullptr,
     [](Lab& lab) {
       for (State end : {State::succeeded, State::dead, State::cancelled}) {
         const NewTask t = lab.task();
         lab.put(t);
         lab.finish(lab.claim_one(), end, kKeepForever);
         same_again(lab, t, Item::exists, "an enqueue of an ended task");
       }
       lab.nothing_claimable("an enqueue of ended tasks");
     }},

    {"enqueue.same_again_after_a_tombstone_exists",
     "The same task sent again is answered exists while a tombstone remembers its id.", 0, nullptr,
     [](Lab& lab) {
       const NewTask t = lab.task();
       lab.put(t);
       lab.finish(lab.claim_one(), State::succeeded, Millis(0));
       same_again(lab, t, Item::exists, "an enqueue of a remembered task");
       lab.nothing_claimable("an enqueue of a remembered task");
     }},

    {"enqueue.same_again_after_cancel_exists", "A cancelled task does not come back when it is sent again.", 0, nullptr,
     [](Lab& lab) {
       const NewTask t = lab.task();
       lab.put(t);
       same(lab.cancel(t.key), Item::ok, "the cancel");
       same_again(lab, t, Item::exists, "an enqueue of a cancelled task");
       lab.nothing_claimable("an enqueue of a cancelled task");
     }},

    {"enqueue.one_id_in_two_queues_is_two_tasks",
     "Tasks are named by queue and id: the same id in another queue is another task.", 0, nullptr,
     [](Lab& lab) {
       NewTask a = lab.task("a"), b = lab.task("b");
       b.key.id = a.key.id, a.body = "of a", b.body = "of b";
       lab.put(a), lab.put(b);
       same(lab.claim_one("b").body, "of b", "the body in queue b");
       same(lab.record(a.key).state, State::ready, "the state in queue a");
       same(lab.claim_one("a").body, "of a", "the body in queue a");
     }},

    {"enqueue.answers_in_the_order_given",
     "Each item of a batch has its own answer, in the order given, and none keeps the others out.", 0, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 6, "a max_batch of at least 6");
       auto batch = lab.tasks(6);
       lab.put(batch[1]), lab.put(batch[4]);
       batch[2].weight = 0, batch[4].body = "another body", batch[5].kind = "a bad kind";
       const auto answers = lab.enqueue(batch);
       const Item expected[] = {Item::ok, Item::exists, Item::invalid, Item::ok, Item::conflict, Item::invalid};
       for (std::size_t i = 0; i < 6; ++i) same(answers[i].what, expected[i], "answer " + text(i));
       same(lab.claim(10).size(), 4u, "the number of tasks let in");
     }},

    {"enqueue.items_see_earlier_items",
     "Within a batch, an id sent twice is ok, then exists, or conflict with another body.", 0, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 3, "a max_batch of at least 3");
       std::vector<NewTask> batch(3, lab.task());
       batch[2].body = "another body";
       const auto answers = lab.enqueue(batch);
       same(answers[0].what, Item::ok, "the first");
       same(answers[1].what, Item::exists, "the same again");
       same(answers[2].what, Item::conflict, "the same id with another body");
       same(lab.claim_one().body, "body", "the body kept");
     }},

    {"enqueue.batch_over_several_queues", "One batch may hold tasks of several queues.", 0, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 3, "a max_batch of at least 3");
       const std::vector<NewTask> batch = {lab.task("a"), lab.task("b"), lab.task("a")};
       for (const Admission& a : lab.enqueue(batch)) same(a.what, Item::ok, "an answer");
       same(lab.claim(5, "a").size(), 2u, "tasks in queue a");
       same(lab.claim(5, "b").size(), 1u, "tasks in queue b");
     }},

    {"enqueue.bad_queue_names_are_invalid", "A queue name outside [A-Za-z0-9._-]{1,128} is answered invalid.", 0,
     nullptr,
     [](Lab& lab) {
       for (const std::string& name : hostile_names())
         same(lab.enqueue(lab.task(name)), Item::invalid, "an enqueue into queue " + text(name));
     }},

    {"enqueue.bad_kinds_are_invalid", "A kind outside [A-Za-z0-9._-]{1,128} is answered invalid.", 0, nullptr,
     [](Lab& lab) {
       for (const std::string& name : hostile_names()) {
         NewTask t = lab.task();
         t.kind = name;
         same(lab.enqueue(t), Item::invalid, "an enqueue of kind " + text(name));
       }
     }},

    {"enqueue.bad_names_leave_nothing_behind", "A task refused for its names leaves no queue, no count and no record.",
     0, nullptr,
     [](Lab& lab) {
       for (const std::string& name : hostile_names()) {
         NewTask t = lab.task();
         t.kind = name;
         lab.enqueue(t), lab.enqueue(lab.task(name));
         holds(!lab.get(t.key), "no record of a task of kind " + text(name));
       }
       for (const Counts& c : must(lab.store().counts(), "counts"))
         for (std::uint64_t n : c.by_state) same(n, 0u, "a count of queue " + text(c.queue));
     }},

    {"enqueue.every_allowed_name_is_taken",
     "Names of 1 to 128 letters, digits, dots, underscores and dashes are valid, case matters.", 0, nullptr,
     [](Lab& lab) {
       const std::string longest(128, 'z');
       const std::string all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
       for (const std::string& name :
            {std::string("a"), std::string("A"), std::string("0"), std::string("-"), std::string("_"),
             std::string("a.b"), std::string("__proto__"), std::string("NULL"), longest, all}) {
         NewTask t = lab.task(name);
         t.kind = name;
         lab.put(t);
         const Leased got = lab.claim_one(name);
         same(got.queue, name, "the queue's name");
         same(got.kind, name, "the kind");
         same(got.id, t.key.id, "the id");
       }
     }},

    {"enqueue.any_id_is_taken", "Ids are sixteen octets of any value: all zero, all ones, neighbours.", 0, nullptr,
     [](Lab& lab) {
       TaskId zero, ones, last;
       ones.bytes.fill(0xff);
       last.bytes[15] = 1;
       for (const TaskId& id : {zero, ones, last}) {
         NewTask t = lab.task();
         t.key.id = id;
         lab.put(t);
         same(lab.claim_one().id, id, "the id claimed");
       }
     }},

    {"enqueue.weight_zero_is_invalid", "A weight of 0 is answered invalid.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.weight = 0;
       same(lab.enqueue(t), Item::invalid, "the answer");
       holds(!lab.get(t.key), "no record");
     }},

    {"enqueue.extreme_priorities_and_weights_are_carried",
     "Priorities of the whole int32 range and weights 1 to 65535 come back as sent.", 0, nullptr,
     [](Lab& lab) {
       for (std::int32_t priority : {INT32_MIN, -1, 0, 1, INT32_MAX}) {
         for (std::uint16_t weight : {std::uint16_t{1}, std::uint16_t{65535}}) {
           NewTask t = lab.task();
           t.priority = priority, t.weight = weight;
           lab.put(t);
           const Leased got = lab.claim_one();
           same(got.priority, priority, "the priority claimed");
           same(got.weight, weight, "the weight claimed");
           const Record r = lab.record(t.key);
           same(r.priority, priority, "the priority on record");
           same(r.weight, weight, "the weight on record");
         }
       }
     }},

    {"enqueue.negative_delay_is_invalid", "A negative delay is answered invalid.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.delay = Millis(-1);
       same(lab.enqueue(t), Item::invalid, "the answer");
       holds(!lab.get(t.key), "no record");
     }},

    {"enqueue.future_due_is_scheduled", "A task with a due date to come is scheduled for that date.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       const Time now = lab.wall();
       t.due = now + lab.ticks(20);
       lab.put(t);
       due_in(lab, lab.record(t.key), lab.ticks(20), now);
       lab.nothing_claimable("an enqueue for later");
     }},

    {"enqueue.delay_is_scheduled", "A task with a delay is scheduled for now plus the delay, by the store's clock.", 0,
     nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.delay = lab.ticks(20);
       const Time now = lab.wall();
       lab.put(t);
       due_in(lab, lab.record(t.key), lab.ticks(20), now);
       lab.nothing_claimable("an enqueue for later");
     }},

    {"enqueue.past_due_runs_at_once", "A due date that has passed, however long ago, means at once.", 0, nullptr,
     [](Lab& lab) {
       for (Time due : {lab.wall() - Millis(1), Time(Millis(1)), Time(Millis(0)), Time(Millis(-1'000))}) {
         NewTask t = lab.task();
         t.due = due;
         lab.put(t);
         same(lab.record(t.key).state, State::ready, "the state of a task due " + text(due));
         same(lab.claim_one().id, t.key.id, "the id claimed");
       }
     }},

    {"enqueue.far_due_dates_are_taken", "A due date centuries ahead is kept exactly.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.due = Time(Millis(32'503'680'000'000));  // the year 3000
       lab.put(t);
       same(lab.record(t.key).due, *t.due, "the due date");
       lab.nothing_claimable("an enqueue for the year 3000");
     }},

    {"enqueue.stamps_the_time", "The record tells when the task was let in, by the store's wall clock.", 0, nullptr,
     [](Lab& lab) {
       const Millis step = lab.properties().time_step;
       const Time before = lab.wall() - step;
       const TaskKey k = lab.put();
       const Time after = lab.wall() + step;
       const Time at = lab.record(k).enqueued;
       holds(at >= before && at <= after,
             "an enqueue time between " + text(before) + " and " + text(after) + ", not " + text(at));
     }},
};

}  // namespace

Promises enqueue() { return kEnqueuePromises; }

}  // namespace penstock::conformance::areas
