// Capability Browser: what an operator does to tasks, and that nobody who held them is heard afterwards.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"
#include "conformance/promises/hostile.hpp"

namespace penstock::conformance::areas {

namespace {

Item move(Lab& lab, TaskKey k, State from, State to, Millis delay = {}, Here here = Here::now()) {
  auto answers = must(lab.cap<Browser>(here).move(std::span(&k, 1), from, to, delay), "move", here);
  same(answers.size(), 1u, "the number of answers of move", here);
  return answers[0];
}

// Whatever the former holder says of its task is lost.
void fenced(Lab& lab, const Leased& was, Here here = Here::now()) {
  const std::string before = lab.dump(here);
  for (State to : {State::leased, State::ready, State::succeeded, State::dead, State::cancelled})
    same(lab.settle(was, to, here), Item::lease_lost, "the former holder's settlement to " + text(to), here);
  lab.unchanged(before, "a word of the former holder", here);
}

TaskKey scheduled(Lab& lab) {
  NewTask t = lab.task();
  t.delay = lab.ticks(50);
  return lab.put(t);
}

void back_to_ready(Lab& lab, State from, Here here = Here::now()) {
  const Leased t = lab.leased("q", here);
  Settlement s = lab.say(t, from);
  s.keep = kKeepForever, s.note = "why", s.charge = Charge::failure;
  same(lab.settle(s, here), Item::ok, "the end", here);
  same(move(lab, key(t), from, State::ready, {}, here), Item::ok, "the move", here);
  const Record r = lab.record(t, here);
  same(r.state, State::ready, "the state", here);
  same(r.failures + r.crashes, 0u, "failures and crashes", here);
  same(r.note, "why", "the note", here);
  same(r.ended, Time{}, "the time of the end", here);
  holds(r.epoch > t.epoch, "a new epoch on record", here);
  fenced(lab, t, here);
  const Leased again = lab.claim_one("q", kLong, 0, here);
  same(again.id, t.id, "the task claimed", here);
  same(again.body, "body", "the body claimed", here);
  same(again.note, "why", "the note claimed", here);
  same(again.failures + again.crashes, 0u, "failures and crashes claimed", here);
  holds(again.epoch > t.epoch, "a higher epoch", here);
  lab.finish(again, State::succeeded, Millis(0), {}, here);
}

constexpr Promise kMovesPromises[] = {
    {"move.dead_task_runs_again",
     "A dead task moved to ready runs again with its note, without its charges, under a new epoch.", 0, kBrowserCap,
     [](Lab& lab) { back_to_ready(lab, State::dead); }},

    {"move.cancelled_task_runs_again",
     "A cancelled task moved to ready runs again with its note, without its charges, under a new epoch.", 0,
     kBrowserCap, [](Lab& lab) { back_to_ready(lab, State::cancelled); }},

    {"move.task_cancelled_while_waiting_runs_again", "A task cancelled before it ever ran can be moved to ready.", 0,
     kBrowserCap,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       same(lab.cancel(k), Item::ok, "the cancel");
       same(move(lab, k, State::cancelled, State::ready), Item::ok, "the move");
       same(lab.claim_one().id, k.id, "the task claimed");
     }},

    {"move.replay_can_be_delayed", "A dead task moved to ready with a delay waits for it.", 0, kBrowserCap,
     [](Lab& lab) {
       const Leased t = lab.ended(State::dead, kKeepForever);
       same(move(lab, key(t), State::dead, State::ready, lab.ticks(3)), Item::ok, "the move");
       same(lab.record(t).state, State::scheduled, "the state");
       lab.nothing_claimable("a delayed replay");
       lab.pass(4);
       same(lab.claim_one().id, t.id, "the task claimed");
     }},

    {"move.tombstone_is_not_found", "A dead or cancelled task whose content is gone cannot run again: not_found.", 0,
     kBrowserCap,
     [](Lab& lab) {
       for (State end : {State::dead, State::cancelled}) {
         const Leased t = lab.ended(end);
         same(move(lab, key(t), end, State::ready), Item::not_found, "the move of a tombstone");
         same(lab.record(t).state, end, "the state");
       }
       lab.nothing_claimable("a move of tombstones");
     }},

    {"move.scheduled_task_runs_now", "A scheduled task moved to ready runs now, and keeps its epoch and charges.", 0,
     kBrowserCap,
     [](Lab& lab) {
       const Leased t = lab.leased();
       Settlement s = lab.say(t, State::ready);
       s.delay = lab.ticks(50), s.charge = Charge::failure;
       same(lab.settle(s), Item::ok, "the retry");
       same(move(lab, key(t), State::scheduled, State::ready), Item::ok, "the move");
       const Record r = lab.record(t);
       same(r.state, State::ready, "the state");
       same(r.epoch, t.epoch, "the epoch");
       same(r.failures, 1u, "the failures");
       same(lab.claim_one().id, t.id, "the task claimed");
     }},

    {"move.force_takes_a_running_task",
     "A leased task moved to cancelled has ended at once, kept, and its holder is not heard.", 0, kBrowserCap,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(move(lab, key(t), State::leased, State::cancelled), Item::ok, "the move");
       const Record r = lab.record(t);
       same(r.state, State::cancelled, "the state");
       same(r.tombstone, false, "tombstone");
       same(r.body, "body", "the body");
       holds(r.ended != Time{}, "a time of the end");
       holds(r.epoch > t.epoch, "a new epoch on record");
       fenced(lab, t);
       same(lab.count(State::leased), 0u, "leased tasks");
       same(lab.count(State::cancelled), 1u, "cancelled tasks");
     }},

    {"move.forced_task_is_not_offered", "A task taken by force is not offered when its lease would have lapsed.", 0,
     kBrowserCap,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(2));
       same(move(lab, key(t), State::leased, State::cancelled), Item::ok, "the move");
       lab.pass(4);
       lab.nothing_claimable("a move by force");
     }},

    {"move.holder_is_told_of_force", "The holder of a batch hears in `stop` which task was taken by force.", 0,
     kBrowserCap,
     [](Lab& lab) {
       lab.put(2);
       const auto t = lab.claim(2);
       same(move(lab, key(t[0]), State::leased, State::cancelled), Item::ok, "the move");
       const Extended e = lab.extend("q", t[0].epoch, kLong);
       same(e.what, Item::ok, "the extension");
       same(e.stop, {t[0].id}, "tasks to stop");
       same(lab.settle(t[1], State::succeeded), Item::ok, "the settlement of the task left");
     }},

    {"move.forced_batch_is_lease_lost", "When every task of a batch was taken by force, the batch is lease_lost.", 0,
     kBrowserCap,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(move(lab, key(t), State::leased, State::cancelled), Item::ok, "the move");
       same(lab.extend("q", t.epoch, kLong).what, Item::lease_lost, "the extension");
     }},

    {"move.force_after_a_lapse", "A task whose lease lapsed, or that was asked to stop, can be taken by force too.", 0,
     kBrowserCap,
     [](Lab& lab) {
       lab.put(2);
       const auto t = lab.claim(2, "q", lab.ticks(2));
       same(lab.cancel(key(t[1])), Item::requested, "the cancel");
       lab.pass(3);
       for (const Leased& one : t) same(move(lab, key(one), State::leased, State::cancelled), Item::ok, "the move");
       lab.nothing_claimable("a move by force");
       fenced(lab, t[0]);
     }},

    {"move.forced_task_can_run_again",
     "A task taken by force can be moved to ready, and its first holder is still not heard.", 0, kBrowserCap,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(move(lab, key(t), State::leased, State::cancelled), Item::ok, "the move by force");
       same(move(lab, key(t), State::cancelled, State::ready), Item::ok, "the replay");
       fenced(lab, t);
       const Leased again = lab.claim_one();
       fenced(lab, t);
       same(lab.settle(again, State::succeeded), Item::ok, "the settlement of the new holder");
     }},

    {"move.other_pairs_are_invalid",
     "Any other pair of states is invalid, whatever the task's state, and changes nothing.", 0, kBrowserCap,
     [](Lab& lab) {
       const Leased running = lab.leased(), dead = lab.ended(State::dead, kKeepForever);
       const std::vector<TaskKey> keys = {key(running), key(dead), lab.put()};
       const std::string before = lab.dump();
       for (int f = 0; f < 8; ++f) {
         for (int t = 0; t < 8; ++t) {
           const auto from = static_cast<State>(f), to = static_cast<State>(t);
           const bool replay =
               (from == State::dead || from == State::cancelled || from == State::scheduled) && to == State::ready;
           if (replay || (from == State::leased && to == State::cancelled)) continue;
           for (const TaskKey& k : keys) {
             const auto answer = lab.cap<Browser>().move({&k, 1}, from, to, Millis(0));
             holds(!answer && answer.error().code == Errc::invalid,
                   "a move from " + text(from) + " to " + text(to) + " is refused");
           }
         }
       }
       lab.unchanged(before, "an invalid move");
     }},

    {"move.waiting_tasks_are_in_conflict",
     "A move of a task that is waiting in another state than `from` is answered conflict.", 0, kBrowserCap,
     [](Lab& lab) {
       const TaskKey ready = lab.put(), later = scheduled(lab);
       const std::string before = lab.dump();
       for (State from : {State::dead, State::cancelled}) {
         same(move(lab, ready, from, State::ready), Item::conflict, "a replay of a ready task");
         same(move(lab, later, from, State::ready), Item::conflict, "a replay of a scheduled task");
       }
       same(move(lab, ready, State::leased, State::cancelled), Item::conflict, "force on a ready task");
       same(move(lab, later, State::leased, State::cancelled), Item::conflict, "force on a scheduled task");
       same(move(lab, ready, State::scheduled, State::ready), Item::conflict,
            "a move of a ready task that was to be scheduled");
       lab.unchanged(before, "a refused move");
     }},

    {"move.running_tasks_are_lease_lost",
     "A move of a leased task from another state is answered lease_lost, and its holder keeps it.", 0, kBrowserCap,
     [](Lab& lab) {
       const Leased t = lab.leased();
       for (State from : {State::dead, State::cancelled, State::scheduled})
         same(move(lab, key(t), from, State::ready), Item::lease_lost, "a move from " + text(from));
       same(lab.settle(t, State::succeeded), Item::ok, "the holder's settlement");
     }},

    {"move.ended_tasks_are_finished", "A move of a task that ended in another state than `from` is answered finished.",
     0, kBrowserCap,
     [](Lab& lab) {
       for (State end : {State::succeeded, State::dead, State::cancelled}) {
         const Leased t = lab.ended(end, kKeepForever);
         const std::string before = lab.dump();
         for (State from : {State::dead, State::cancelled, State::scheduled})
           if (from != end)
             same(move(lab, key(t), from, State::ready), Item::finished, "a move of a task that is " + text(end));
         same(move(lab, key(t), State::leased, State::cancelled), Item::finished,
              "force on a task that is " + text(end));
         lab.unchanged(before, "a refused move");
       }
     }},

    {"move.unknown_id_is_not_found",
     "A move of an id that was never enqueued is not_found; in a badly named queue it is invalid.", 0, kBrowserCap,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       same(move(lab, {"q", lab.id()}, State::dead, State::ready), Item::not_found, "a move of an unknown id");
       same(move(lab, {"other", k.id}, State::dead, State::ready), Item::not_found, "a move in another queue");
       for (const std::string& name : hostile_names())
         same(move(lab, {name, k.id}, State::dead, State::ready), Item::invalid, "a move in queue " + text(name));
     }},

    {"move.each_item_has_its_own_answer", "A batch is answered item by item, in order; items see earlier ones.", 0,
     kBrowserCap,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 5, "a max_batch of at least 5");
       const Leased dead = lab.ended(State::dead, kKeepForever), done = lab.ended(State::succeeded, kKeepForever),
                    running = lab.leased();
       const std::vector<TaskKey> batch = {key(done), key(dead), key(running), key(dead), {"q", lab.id()}};
       same(must(lab.cap<Browser>().move(batch, State::dead, State::ready, Millis(0)), "move"),
            {Item::finished, Item::ok, Item::lease_lost, Item::conflict, Item::not_found}, "the answers");
     }},

    {"move.too_many_tasks_is_invalid", "A move of more than max_batch tasks is Errc::invalid and changes nothing.", 0,
     kBrowserCap,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch <= 100'000, "a max_batch of at most 100,000");
       const Leased dead = lab.ended(State::dead, kKeepForever);
       const std::vector<TaskKey> batch(lab.properties().max_batch + std::size_t{1}, key(dead));
       const std::string before = lab.dump();
       fails(lab.cap<Browser>().move(batch, State::dead, State::ready, Millis(0)), Errc::invalid,
             "max_batch + 1 moves");
       lab.unchanged(before, "max_batch + 1 moves");
     }},

    {"move.counts_follow", "The counts move with the tasks, and the bytes of ended tasks with them.", 0, kBrowserCap,
     [](Lab& lab) {
       const Leased t = lab.ended(State::dead, kKeepForever);
       same(lab.counts().bytes_ended, 4u, "bytes_ended of a dead task");
       same(move(lab, key(t), State::dead, State::ready), Item::ok, "the move");
       same(lab.counts().bytes_ended, 0u, "bytes_ended after the move");
       same(lab.count(State::dead), 0u, "dead tasks");
       same(lab.count(State::ready), 1u, "ready tasks");
     }},
};

}  // namespace

Promises moves() { return kMovesPromises; }

}  // namespace penstock::conformance::areas
