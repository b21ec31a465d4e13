// Letting go of ended tasks: what loses its content, in which order, and what is never forgotten.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

// `n` kept tasks that ended one tick apart, oldest first.
std::vector<Leased> history(Lab& lab, int n, State end = State::succeeded, Millis keep = kKeepForever) {
  std::vector<Leased> out;
  for (int i = 0; i < n; ++i) {
    out.push_back(lab.ended(end, keep));
    lab.pass(1);
  }
  return out;
}

// Which of the tasks still have their content: "0011" when the two oldest have lost it, or are forgotten.
std::string kept(Lab& lab, const std::vector<Leased>& all, Here here = Here::now()) {
  std::string out;
  for (const Leased& t : all) {
    const auto found = lab.get(key(t), here);
    out += found && !found->tombstone ? '1' : '0';
  }
  return out;
}

constexpr Promise kTrimPromises[] = {
    {"trim.lets_nothing_go_unasked", "Retention without bounds lets nothing go that is to be kept for ever.", 0,
     nullptr,
     [](Lab& lab) {
       const auto t = history(lab, 3);
       const std::string before = lab.dump();
       same(lab.trim({.queue = "q"}), 0u, "records trimmed");
       lab.unchanged(before, "a trim without bounds");
       same(kept(lab, t), "111", "records kept");
     }},

    {"trim.bad_bounds_are_invalid",
     "Retention of a state that is no end, or of a negative age, is Errc::invalid and lets nothing go.", 0, nullptr,
     [](Lab& lab) {
       const auto t = history(lab, 2);
       for (const State live : {State::held, State::scheduled, State::ready, State::leased})
         fails(lab.store().trim({.queue = "q", .state = live, .count = 0}), Errc::invalid, "trim of " + text(live));
       fails(lab.store().trim({.queue = "q", .state = static_cast<State>(7), .count = 0}), Errc::invalid,
             "trim of a state that does not exist");
       fails(lab.store().trim({.queue = "q", .age = Millis(-1)}), Errc::invalid, "trim of a negative age");
       same(kept(lab, t), "11", "records kept");
     }},

    {"trim.by_count_keeps_the_newest", "While more than `count` records are kept, the oldest ends lose their content.",
     0, nullptr,
     [](Lab& lab) {
       const auto t = history(lab, 5);
       same(lab.trim({.queue = "q", .count = 2}), 3u, "records trimmed");
       same(kept(lab, t), "00011", "records kept");
     }},

    {"trim.goes_by_the_end_not_by_arrival", "Oldest means ended first, whenever the tasks had arrived.", 0, nullptr,
     [](Lab& lab) {
       lab.put(3);
       const auto t = lab.claim(3);
       for (std::size_t i : {2, 0, 1}) lab.finish(t[i], State::succeeded, kKeepForever), lab.pass(1);
       same(lab.trim({.queue = "q", .count = 1}), 2u, "records trimmed");
       same(kept(lab, t), "010", "records kept");
     }},

    {"trim.by_age", "Records that ended `age` ago or longer lose their content.", 0, nullptr,
     [](Lab& lab) {
       const auto t = history(lab, 2);
       lab.pass(10);
       const auto young = history(lab, 2);
       same(lab.trim({.queue = "q", .age = lab.ticks(8)}), 2u, "records trimmed");
       same(kept(lab, t) + kept(lab, young), "0011", "records kept");
     }},

    {"trim.by_bytes", "While more than `bytes` octets are kept, the oldest ends lose their content.", 0, nullptr,
     [](Lab& lab) {
       const auto t = history(lab, 5);  // four octets each
       same(lab.trim({.queue = "q", .bytes = 9}), 3u, "records trimmed");
       same(kept(lab, t), "00011", "records kept");
       same(lab.counts().bytes_ended, 8u, "bytes_ended");
     }},

    {"trim.by_keep", "Records whose own `keep` has passed lose their content; the others keep it.", 0, nullptr,
     [](Lab& lab) {
       const Leased a = lab.ended(State::succeeded, lab.ticks(2));
       const Leased b = lab.ended(State::succeeded, lab.ticks(30));
       const Leased c = lab.ended(State::succeeded, lab.ticks(3));
       lab.pass(5);
       same(lab.trim({.queue = "q"}), 2u, "records trimmed");
       same(kept(lab, {a, b, c}), "010", "records kept");
     }},

    {"trim.keeps_go_by_the_end",
     "Of records whose `keep` has passed, the oldest end goes first, also where its keep passed last.", 0, nullptr,
     [](Lab& lab) {
       auto t = history(lab, 1);
       for (int i = 0; i < 6; ++i) t.push_back(history(lab, 1, State::succeeded, lab.ticks(50 - 6 * i)).front());
       lab.pass(60);
       same(lab.trim({.queue = "q", .at_most = 1}), 1u, "records of the first call");
       same(kept(lab, t), "1011111", "records kept after the first call");
       same(lab.trim({.queue = "q", .at_most = 2}), 2u, "records of the second call");
       same(kept(lab, t), "1000111", "records kept after the second call");
     }},

    {"trim.may_cut_a_keep_short", "Age, count and bytes let go of records before their `keep` has passed.", 0, nullptr,
     [](Lab& lab) {
       const auto t = history(lab, 2);
       same(lab.trim({.queue = "q", .age = Millis(0)}), 2u, "records trimmed");
       same(kept(lab, t), "00", "records kept");
     }},

    {"trim.bounds_add_up", "A record goes when any of the bounds says so.", 0, nullptr,
     [](Lab& lab) {
       const auto t = history(lab, 6);
       same(lab.trim({.queue = "q", .count = 4, .bytes = 9}), 4u, "records trimmed");
       same(kept(lab, t), "000011", "records kept");
     }},

    {"trim.at_most", "One call lets go of at most `at_most` records; further calls go on where it stopped.", 0, nullptr,
     [](Lab& lab) {
       const auto t = history(lab, 5);
       same(lab.trim({.queue = "q", .count = 0, .at_most = 2}), 2u, "records of the first call");
       same(kept(lab, t), "00111", "records kept after the first call");
       same(lab.trim({.queue = "q", .count = 0, .at_most = 2}), 2u, "records of the second call");
       same(lab.trim({.queue = "q", .count = 0, .at_most = 2}), 1u, "records of the third call");
       same(kept(lab, t), "00000", "records kept");
     }},

    {"trim.again_does_nothing", "The same trim again lets nothing more go.", 0, nullptr,
     [](Lab& lab) {
       history(lab, 4);
       same(lab.trim({.queue = "q", .count = 1}), 3u, "records trimmed");
       const std::string before = lab.dump();
       for (int i = 0; i < lab.harness().repeat; ++i)
         same(lab.trim({.queue = "q", .count = 1}), 0u, "records trimmed again");
       lab.unchanged(before, "a repeated trim");
     }},

    {"trim.only_the_state_named", "Only ended tasks of the named state lose their content.", 0, nullptr,
     [](Lab& lab) {
       const Leased a = lab.ended(State::succeeded, kKeepForever), b = lab.ended(State::dead, kKeepForever),
                    c = lab.ended(State::cancelled, kKeepForever);
       same(lab.trim({.queue = "q", .state = State::dead, .count = 0}), 1u, "records trimmed");
       same(kept(lab, {a, b, c}), "101", "records kept");
       same(lab.trim({.queue = "q", .state = State::cancelled, .count = 0}), 1u, "records trimmed");
       same(kept(lab, {a, b, c}), "100", "records kept");
     }},

    {"trim.only_the_queue_named", "Only ended tasks of the named queue lose their content.", 0, nullptr,
     [](Lab& lab) {
       const Leased a = lab.ended(State::succeeded, kKeepForever, "a"),
                    b = lab.ended(State::succeeded, kKeepForever, "b");
       same(lab.trim({.queue = "a", .count = 0}), 1u, "records trimmed");
       same(kept(lab, {a, b}), "01", "records kept");
       same(lab.trim({.queue = "never-heard-of", .count = 0}), 0u, "records trimmed in an unknown queue");
     }},

    {"trim.cancelled_tasks_can_be_let_go", "The record of a cancelled task is subject to retention like any other.", 0,
     nullptr,
     [](Lab& lab) {
       const TaskKey k = lab.put();
       same(lab.cancel(k), Item::ok, "the cancel");
       same(lab.trim({.queue = "q", .state = State::cancelled, .count = 0}), 1u, "records trimmed");
       same(lab.record(k).tombstone, true, "tombstone");
     }},

    {"trim.never_touches_live_tasks", "Whatever retention says, tasks that have not ended stay as they are.", 0,
     nullptr,
     [](Lab& lab) {
       NewTask later = lab.task();
       later.delay = lab.ticks(500);
       lab.leased(), lab.put(later), lab.put();
       lab.pass(50);
       const std::string before = lab.dump();
       for (std::size_t s = 0; s < kStates; ++s) {
         const Retention all{.queue = "q", .state = static_cast<State>(s), .age = Millis(0), .count = 0, .bytes = 0};
         const auto answer = lab.store().trim(all);
         if (answer) same(*answer, 0u, "records trimmed");
       }
       lab.unchanged(before, "a trim");
     }},

    {"trim.leaves_a_tombstone",
     "A record let go keeps its state, epoch and time of the end, and its id is still known.", 0, nullptr,
     [](Lab& lab) {
       const NewTask sent = lab.task();
       lab.put(sent);
       const Leased t = lab.claim_one();
       lab.finish(t, State::dead, kKeepForever, "why");
       const Record was = lab.record(t);
       same(lab.trim({.queue = "q", .state = State::dead, .count = 0}), 1u, "records trimmed");
       const Record r = lab.record(t);
       same(r.tombstone, true, "tombstone");
       same(r.state, State::dead, "the state");
       same(r.epoch, t.epoch, "the epoch");
       same(r.ended, was.ended, "the time of the end");
       same(r.kind + r.body + r.note, "", "kind, body and note");
       same(lab.enqueue(sent), Item::exists, "the enqueue again");
     }},

    {"trim.forgets_nothing_too_early", "An ended id is known for at least remembers_ids, however often trim is called.",
     0, nullptr,
     [](Lab& lab) {
       const Leased kept = lab.ended(State::dead, kKeepForever), tombstone = lab.ended(State::succeeded);
       const Millis most = lab.properties().remembers_ids - lab.harness().tick - 2 * lab.properties().time_step;
       if (most > Millis(0)) lab.pass(most);
       for (State s : {State::succeeded, State::dead, State::cancelled})
         lab.trim({.queue = "q", .state = s, .count = 0});
       if (most <= Millis(0)) return;
       same(lab.record(tombstone).state, State::succeeded, "the state of the tombstone");
       same(lab.record(kept).state, State::dead, "the state of the record let go");
     }},

    {"trim.is_what_forgets", "Nothing but trim forgets an ended id, however long ago it ended.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.ended(State::succeeded), d = lab.ended(State::dead, kKeepForever);
       lab.pass(lab.properties().remembers_ids + lab.ticks(20));
       lab.put(), lab.claim(5);
       same(lab.record(t).tombstone, true, "tombstone");
       same(lab.record(d).body, "body", "the body of a record kept for ever");
       same(lab.settle(t, State::succeeded), Item::ok, "the same end again");
     }},

    {"trim.forgets_only_tombstones", "A record whose content is kept is never forgotten, however old.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.ended(State::dead, kKeepForever);
       lab.pass(lab.properties().remembers_ids + lab.ticks(20));
       for (int i = 0; i < 3; ++i) same(lab.trim({.queue = "q", .state = State::dead}), 0u, "records trimmed");
       same(lab.record(t).body, "body", "the body");
     }},

    {"trim.of_other_queues_forgets_nothing_here", "Trimming one queue forgets no tombstone of another.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.ended(State::succeeded, {}, "a");
       lab.ended(State::succeeded, {}, "b");
       lab.pass(lab.properties().remembers_ids + lab.ticks(20));
       lab.trim({.queue = "b"});
       same(lab.record(t).tombstone, true, "tombstone");
     }},

    {"trim.forgotten_ids_start_anew",
     "An id that was forgotten is not_found, and may be enqueued as a new task under a higher epoch.", 0, nullptr,
     [](Lab& lab) {
       const NewTask sent = lab.task();
       lab.put(sent);
       const Leased t = lab.claim_one();
       lab.finish(t, State::succeeded, Millis(0));
       lab.pass(lab.properties().remembers_ids + lab.ticks(20));
       for (int i = 0; i < 100 && lab.get(sent.key); ++i) lab.trim({.queue = "q"});
       lab.need(!lab.get(sent.key), "a store that forgets: it may, it need not");
       same(lab.settle(t, State::succeeded), Item::not_found, "a settlement of the forgotten task");
       same(lab.enqueue(sent), Item::ok, "the enqueue of a forgotten id");
       const Leased again = lab.claim_one();
       same(again.id, t.id, "the id");
       holds(again.epoch > t.epoch, "a higher epoch");
       same(lab.settle(t, State::dead), Item::lease_lost, "a word of the holder before");
     }},
};

}  // namespace

Promises trim() { return kTrimPromises; }

}  // namespace penstock::conformance::areas
