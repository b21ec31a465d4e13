// Feature kUnique: at most one task of a queue holds a unique key.
#include <algorithm>

#include "conformance/promises.hpp"
#include "conformance/promises/flow.hpp"

namespace penstock::conformance::areas {

namespace {

NewTask keyed(Lab& lab, std::string_view key = "invoice-7", Unique mode = Unique::live) {
  NewTask t = lab.task();
  t.unique = key, t.unique_while = mode;
  return t;
}

NewTask replacing(Lab& lab, std::string_view key = "invoice-7") {
  NewTask t = keyed(lab, key);
  t.replace = true;
  return t;
}

// The key is taken: an enqueue is refused, leaves nothing behind, and is told the holder.
void taken(Lab& lab, const NewTask& t, const TaskId& holder, std::string_view when, Here here = Here::now()) {
  const std::string before = lab.dump(here);
  const auto answer = lab.enqueue(std::span(&t, 1), here);
  same(answer[0].what, Item::conflict, "an enqueue " + std::string(when), here);
  same(answer[0].id, holder, "the holder that is named " + std::string(when), here);
  holds(!lab.get(t.key, here), "no record of the task refused " + std::string(when), here);
}
void taken(Lab& lab, const TaskId& holder, std::string_view when, Here here = Here::now()) {
  taken(lab, keyed(lab), holder, when, here);
}
TaskKey free(Lab& lab, std::string_view when, Here here = Here::now()) {
  const NewTask t = keyed(lab);
  same(lab.enqueue(t, here), Item::ok, "an enqueue " + std::string(when), here);
  return t.key;
}

Item replay(Lab& lab, TaskKey k, State from, Here here = Here::now()) {
  return must(lab.cap<Browser>(here).move(std::span(&k, 1), from, State::ready, {}), "move", here).at(0);
}
constexpr Promise kUniquePromises[] = {
    {"unique.holder_is_named", "A unique key that another task holds is answered conflict, with the holder's id.",
     kUnique, nullptr,
     [](Lab& lab) {
       const NewTask a = keyed(lab);
       lab.put(a);
       for (int i = 0; i < lab.harness().repeat; ++i) taken(lab, a.key.id, "of a taken key");
       same(lab.enqueue(a), Item::exists, "the first task again");
     }},

    {"unique.other_keys_are_free", "Tasks with other unique keys, or none, are let in.", kUnique, nullptr,
     [](Lab& lab) {
       lab.put(keyed(lab, "x")), lab.put(keyed(lab, "X")), lab.put(keyed(lab, "x ")), lab.put(), lab.put();
     }},

    {"unique.is_per_queue", "The same key may be held once in each queue.", kUnique, nullptr,
     [](Lab& lab) {
       NewTask there = keyed(lab);
       there.key.queue = "other";
       lab.put(keyed(lab)), lab.put(there);
     }},

    {"unique.live_holds_until_the_end", "By default a task holds its key until it has ended, however it ends.", kUnique,
     nullptr,
     [](Lab& lab) {
       for (State end : {State::succeeded, State::dead, State::cancelled}) {
         const TaskKey k = free(lab, "of a free key");
         taken(lab, k.id, "while the holder is ready");
         const Leased t = lab.claim_one();
         taken(lab, k.id, "while the holder is leased");
         Settlement s = lab.say(t, State::ready);
         s.delay = lab.ticks(2);
         same(lab.settle(s), Item::ok, "a retry");
         taken(lab, k.id, "while the holder is scheduled");
         lab.pass(3);
         lab.finish(lab.claim_one(), end, kKeepForever);
         const TaskKey next = free(lab, "after the end as " + text(end));
         lab.cancel(next);
       }
     }},

    {"unique.waiting_holds_until_the_first_claim",
     "With Unique::waiting the key is free from the first claim on, also when the task waits again.", kUnique, nullptr,
     [](Lab& lab) {
       const NewTask a = keyed(lab, "invoice-7", Unique::waiting), b = keyed(lab, "invoice-7", Unique::waiting);
       lab.put(a);
       taken(lab, a.key.id, "while the holder waits");
       const Leased t = lab.claim_one();
       lab.put(b);
       same(lab.settle(t, State::ready), Item::ok, "a retry of the first");
       taken(lab, b.key.id, "while the second waits");
       same(lab.claim(2).size(), 2u, "tasks claimed");
       free(lab, "after both were claimed");
     }},

    {"unique.lapse_keeps_the_key", "A lapsed lease does not free the key, neither before nor after it is taken over.",
     kUnique, nullptr,
     [](Lab& lab) {
       const TaskKey k = free(lab, "of a free key");
       lab.claim_one("q", lab.ticks(1));
       lab.pass(3);
       taken(lab, k.id, "after the lapse");
       lab.claim_one();
       taken(lab, k.id, "after the claim of the lapsed task");
     }},

    {"unique.cancel_frees",
     "A cancel frees the key of a waiting task at once, that of a running one when it is settled.", kUnique, nullptr,
     [](Lab& lab) {
       same(lab.cancel(free(lab, "of a free key")), Item::ok, "a cancel");
       const TaskKey k = free(lab, "after the cancel");
       const Leased t = lab.claim_one();
       same(lab.cancel(k), Item::requested, "a cancel of the running one");
       taken(lab, k.id, "while it is asked to stop");
       same(lab.settle(t, State::ready), Item::requested, "its retry");
       free(lab, "after it was settled");
     }},

    {"unique.force_frees", "A task taken away by force gives its key up at once.", kUnique, kBrowserCap,
     [](Lab& lab) {
       const TaskKey k = free(lab, "of a free key");
       lab.claim_one();
       same(must(lab.cap<Browser>().move(std::span(&k, 1), State::leased, State::cancelled, {}), "move"), {Item::ok},
            "the answers");
       free(lab, "after the force");
     }},

    {"unique.time_keeps_the_key",
     "With unique_for the key stays taken for that long from the enqueue, and the last holder is named.", kUnique,
     nullptr,
     [](Lab& lab) {
       NewTask a = keyed(lab);
       a.unique_for = lab.ticks(6);
       lab.put(a);
       lab.finish(lab.claim_one(), State::succeeded, Millis(0));
       lab.pass(2);
       taken(lab, a.key.id, "after the end, within the time");
       NewTask b = keyed(lab);
       b.replace = true;
       taken(lab, b, a.key.id, "that would replace what has ended");
       lab.pass(5);
       free(lab, "after the time");
     }},

    {"unique.time_does_not_free_early", "A task that lives longer than its unique_for holds the key until it ends.",
     kUnique, nullptr,
     [](Lab& lab) {
       NewTask a = keyed(lab);
       a.unique_for = lab.ticks(2);
       lab.put(a);
       lab.pass(4);
       taken(lab, a.key.id, "after the time, before the end");
       same(lab.cancel(a.key), Item::ok, "the cancel");
       free(lab, "after the end");
     }},

    {"unique.longest_time_does_not_wrap", "The longest unique_for there is keeps the key for good.", kUnique, nullptr,
     [](Lab& lab) {
       NewTask a = keyed(lab, "invoice-7", Unique::waiting);
       a.unique_for = Millis::max();
       lab.put(a);
       lab.finish(lab.claim_one(), State::dead, Millis(0));
       taken(lab, a.key.id, "after the end");
       lab.pass(20);
       taken(lab, a.key.id, "much later");
     }},

    {"unique.replace_takes_over_from_a_waiting_holder",
     "With replace, a waiting holder ends as cancelled, leaves a tombstone, and never runs.", kUnique, nullptr,
     [](Lab& lab) {
       const TaskKey ready = free(lab, "of a free key");
       NewTask later = replacing(lab);
       later.delay = lab.ticks(50);
       lab.put(later);
       const NewTask last = replacing(lab);
       lab.put(last);
       for (const TaskKey& k : {ready, later.key}) {
         const Record r = lab.record(k);
         same(r.state, State::cancelled, "the state of one replaced");
         same(r.tombstone, true, "whether one replaced is a tombstone");
       }
       same(ids(lab.claim(5)), {last.key.id}, "the tasks claimed");
       same(lab.enqueue(later), Item::exists, "a replaced one again");
     }},

    {"unique.replace_frees_held_tasks", "A holder that waits for other tasks is replaced like any that waits.",
     kUnique | kAfter, nullptr,
     [](Lab& lab) {
       const TaskKey first = lab.put();
       NewTask held = keyed(lab);
       held.after = std::span(&first, 1);
       lab.put(held);
       lab.put(replacing(lab));
       same(lab.record(held.key).state, State::cancelled, "the state of the held one");
     }},

    {"unique.replace_leaves_running_tasks_alone", "A holder that runs is not replaced: conflict, with its id.", kUnique,
     nullptr,
     [](Lab& lab) {
       const Leased t = (free(lab, "of a free key"), lab.claim_one("q", lab.ticks(3)));
       taken(lab, replacing(lab), t.id, "that would replace a running one");
       lab.pass(5);
       taken(lab, replacing(lab), t.id, "that would replace a lapsed one");
       same(lab.settle(t, State::succeeded), Item::ok, "the holder's settlement");
     }},

    {"unique.replace_leaves_former_holders_alone",
     "A task that waits again but holds its key no more is not replaced: within unique_for that is conflict.", kUnique,
     nullptr,
     [](Lab& lab) {
       NewTask a = keyed(lab, "invoice-7", Unique::waiting);
       a.unique_for = lab.ticks(10);
       lab.put(a);
       same(lab.settle(lab.claim_one(), State::ready), Item::ok, "the retry");
       taken(lab, replacing(lab), a.key.id, "that would replace what waits again");
       same(lab.claim_one().id, a.key.id, "the task claimed");
     }},

    {"unique.replace_of_nothing_is_an_enqueue", "With replace and a free key the task is just let in.", kUnique,
     nullptr, [](Lab& lab) { same(ids((lab.put(replacing(lab)), lab.claim(5))).size(), 1u, "tasks claimed"); }},

    {"unique.replace_makes_room", "The task replaced makes room for its successor in a full queue.", kUnique | kLimit,
     nullptr,
     [](Lab& lab) {
       NewTask a = keyed(lab), b = replacing(lab);
       a.queue_limit = b.queue_limit = 2;
       lab.put(), lab.put(a);
       same(lab.enqueue(b), Item::ok, "the enqueue into the full queue");
       same(lab.count(State::ready), 2u, "ready tasks");
     }},

    {"unique.replace_refused_changes_nothing", "When the queue is full all the same, the holder stays.",
     kUnique | kLimit, nullptr,
     [](Lab& lab) {
       const TaskKey k = free(lab, "of a free key");
       lab.put(2);
       NewTask b = replacing(lab);
       b.queue_limit = 2;
       const std::string before = lab.dump();
       same(lab.enqueue(b), Item::full, "the enqueue");
       holds(!lab.get(b.key), "no record of the task refused");
       same(lab.record(k).state, State::ready, "the state of the holder");
       taken(lab, k.id, "afterwards");
     }},

    {"unique.replace_keeps_the_longer_time", "The unique_for of a task replaced counts on: the key is kept for both.",
     kUnique, nullptr,
     [](Lab& lab) {
       NewTask a = keyed(lab), b = replacing(lab);
       a.unique_for = lab.ticks(8), b.unique_for = lab.ticks(1);
       lab.put(a), lab.put(b);
       lab.finish(lab.claim_one(), State::succeeded, Millis(0));
       lab.pass(3);
       taken(lab, b.key.id, "within the time of the one replaced");
       lab.pass(6);
       free(lab, "after both times");
     }},

    {"unique.known_id_comes_first", "A task sent again is answered for its id, before its key is looked at.", kUnique,
     nullptr,
     [](Lab& lab) {
       NewTask a = keyed(lab), b = keyed(lab, "other");
       lab.put(a), lab.put(b);
       b.unique = a.unique;
       same(lab.enqueue(b), Item::exists, "the second with the first one's key");
       a.replace = true;
       same(lab.enqueue(a), Item::exists, "the first with replace");
       a.body = "another";
       const auto answer = lab.enqueue(std::span(&a, 1));
       same(answer[0].what, Item::conflict, "the first with another body");
       same(answer[0].id, a.key.id, "the id of that conflict");
       same(lab.count(State::ready), 2u, "ready tasks");
     }},

    {"unique.within_a_batch", "Items of one batch see each other's keys: the first is let in, or the last replaces.",
     kUnique, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 4, "a max_batch of at least 4");
       const std::vector<NewTask> batch = {keyed(lab), keyed(lab), replacing(lab), keyed(lab)};
       const auto answers = lab.enqueue(batch);
       const Item expected[] = {Item::ok, Item::conflict, Item::ok, Item::conflict};
       const std::size_t holder[] = {0, 0, 2, 2};
       for (std::size_t i = 0; i < 4; ++i) {
         same(answers[i].what, expected[i], "answer " + text(i));
         same(answers[i].id, batch[holder[i]].key.id, "the id of answer " + text(i));
       }
       same(ids(lab.claim(5)), {batch[2].key.id}, "the tasks claimed");
     }},

    {"unique.replay_takes_the_key_again", "A dead task that runs again holds its key again, as long as it did.",
     kUnique, kBrowserCap,
     [](Lab& lab) {
       for (Unique mode : {Unique::live, Unique::waiting}) {
         const NewTask a = keyed(lab, "invoice-7", mode);
         lab.put(a);
         lab.finish(lab.claim_one(), State::dead, kKeepForever);
         same(replay(lab, a.key, State::dead), Item::ok, "the replay");
         taken(lab, a.key.id, "after the replay");
         const Leased t = lab.claim_one();
         if (mode == Unique::live) taken(lab, a.key.id, "while it runs again");
         if (mode == Unique::waiting) lab.cancel(free(lab, "while it runs again"));
         lab.finish(t, State::succeeded, Millis(0));
       }
     }},

    {"unique.replay_of_a_taken_key_is_conflict",
     "A task whose key is held by another by now does not run again: conflict, and nothing changed.", kUnique,
     kBrowserCap,
     [](Lab& lab) {
       const NewTask a = keyed(lab), b = keyed(lab);
       lab.put(a);
       lab.finish(lab.claim_one(), State::dead, kKeepForever);
       lab.put(b);
       const std::string before = lab.dump();
       same(replay(lab, a.key, State::dead), Item::conflict, "the replay");
       lab.unchanged(before, "the replay");
       same(lab.cancel(b.key), Item::ok, "the cancel of the holder");
       same(replay(lab, a.key, State::dead), Item::ok, "the replay once the key is free");
       same(replay(lab, b.key, State::cancelled), Item::conflict, "the replay of the other one");
     }},

    {"unique.children_with_a_taken_key_are_left_out",
     "A child whose unique key is taken is left out; the settlement and the other children are not.",
     kUnique | kChildren, nullptr,
     [](Lab& lab) {
       const TaskKey holder = free(lab, "of a free key");
       lab.claim_one();
       const Leased t = lab.leased();
       const std::vector<NewTask> children = {keyed(lab), lab.task(), keyed(lab, "y"), keyed(lab, "y")};
       Settlement s = lab.say(t, State::succeeded);
       s.children = children;
       same(lab.settle(s), Item::ok, "the settlement");
       for (std::size_t i = 0; i < 4; ++i)
         same(lab.get(children[i].key).has_value(), i == 1 || i == 2, "whether child " + text(i) + " is there");
       taken(lab, holder.id, "afterwards");
     }},

    {"unique.child_takes_the_key_of_its_parent",
     "A task that ends may leave its key to its child; one that is given back keeps it.", kUnique | kChildren, nullptr,
     [](Lab& lab) {
       const TaskKey parent = free(lab, "of a free key");
       const std::vector<NewTask> first = {replacing(lab)}, second = {keyed(lab)};
       const Leased once = lab.claim_one();
       Settlement s = lab.say(once, State::ready);
       s.children = first;
       same(lab.settle(s), Item::ok, "the retry");
       holds(!lab.get(first[0].key), "no child of the retry");
       taken(lab, parent.id, "after the retry");
       const Leased again = lab.claim_one();
       s = lab.say(again, State::succeeded);
       s.children = second;
       same(lab.settle(s), Item::ok, "the end");
       taken(lab, second[0].key.id, "after the end");
     }},

    {"unique.keys_are_any_octets", "Keys are compared octet by octet, NUL included, up to 255 of them.", kUnique,
     nullptr,
     [](Lab& lab) {
       std::vector<std::string> keys = {std::string("\0", 1),
                                        std::string("a\0b", 3),
                                        std::string("a\0c", 3),
                                        "a",
                                        "\xff\xfe",
                                        "'; DROP TABLE task; --",
                                        "{q}:u",
                                        "caf\xc3\xa9",
                                        "cafe\xcc\x81"};
       for (int c = 1; c < 256; ++c) keys.emplace_back(1, static_cast<char>(c));
       keys.erase(std::find(keys.begin() + 4, keys.end(), "a"));
       keys.emplace_back(255, 'k');
       for (const std::string& k : keys) {
         lab.put(keyed(lab, k));
         same(lab.enqueue(keyed(lab, k)), Item::conflict, "a second enqueue of key " + text(k));
       }
     }},

    {"unique.broken_rules_are_invalid",
     "A key of 256 octets, a negative unique_for and a time that does not exist to hold it are invalid, and change "
     "nothing.",
     kUnique, nullptr,
     [](Lab& lab) {
       const std::string longest(256, 'k');
       NewTask negative = keyed(lab);
       negative.unique_for = Millis(-1);
       NewTask odd = keyed(lab);
       odd.unique_while = static_cast<Unique>(2);
       const std::string before = lab.dump();
       for (const NewTask& t : {keyed(lab, longest), negative, odd}) {
         same(lab.enqueue(t), Item::invalid, "the enqueue");
         holds(!lab.get(t.key), "no record of it");
       }
       free(lab, "afterwards");
     }},

    {"unique.is_shown", "A record shows the unique key of its task until it is a tombstone.", kUnique, nullptr,
     [](Lab& lab) {
       const std::string k("a\0b\xff", 4);
       const NewTask t = keyed(lab, k);
       lab.put(t), lab.put();
       same(lab.record(t.key).unique, k, "the key");
       const auto got = lab.claim(2);
       same(lab.record(got[1]).unique, "", "the key of a task without one");
       lab.finish(got[0], State::dead, kKeepForever);
       same(lab.record(t.key).unique, k, "the key after the end");
       lab.trim({.queue = "q", .state = State::dead, .count = 0});
       same(lab.record(t.key).unique, "", "the key of the tombstone");
     }},

    {"unique.one_of_many_is_let_in",
     "Of many producers of one key at once exactly one is let in, and the others are told its id.", kUnique, nullptr,
     [](Lab& lab) {
       constexpr int kProducers = 8;
       const int rounds = lab.harness().rounds;
       std::vector<std::string> keys;
       for (int r = 0; r < rounds; ++r) keys.push_back("key " + text(r));
       std::vector<std::vector<NewTask>> mine(kProducers);
       for (auto& tasks : mine)
         for (int r = 0; r < rounds; ++r) tasks.push_back(keyed(lab, keys[static_cast<std::size_t>(r)]));
       std::vector<std::vector<Admission>> said(kProducers);
       DurableBackend& store = lab.store();
       Lab::together(kProducers, [&](int i) {
         const auto n = static_cast<std::size_t>(i);
         for (const NewTask& t : mine[n])
           said[n].push_back(must(store.enqueue(std::span(&t, 1), nullptr), "enqueue").at(0));
       });
       for (std::size_t r = 0; r < keys.size(); ++r) {
         std::set<TaskId> named;
         int ok = 0;
         for (const auto& one : said) ok += one[r].what == Item::ok, named.insert(one[r].id);
         same(ok, 1, "producers let in of " + keys[r]);
         same(named.size(), 1u, "ids named for " + keys[r]);
       }
       same(lab.count(State::ready), keys.size(), "ready tasks");
     }},

    {"unique.replace_leaves_one", "Of many producers that replace each other at once, one task is left waiting.",
     kUnique, nullptr,
     [](Lab& lab) {
       std::vector<NewTask> tasks;
       const int threads = lab.harness().threads, rounds = lab.harness().rounds;
       for (int i = 0; i < threads * rounds; ++i) tasks.push_back(replacing(lab));
       DurableBackend& store = lab.store();
       Lab::together(threads, [&](int i) {
         for (int r = 0; r < rounds; ++r) {
           const NewTask& t = tasks[static_cast<std::size_t>(i * rounds + r)];
           same(must(store.enqueue(std::span(&t, 1), nullptr), "enqueue").at(0).what, Item::ok, "an enqueue");
         }
       });
       same(lab.count(State::ready), 1u, "ready tasks");
       int waiting = 0;
       for (const NewTask& t : tasks) waiting += lab.record(t.key).state == State::ready;
       same(waiting, 1, "tasks that wait");
     }},

    {"unique.outlives_the_object", "Keys, their times and what holds them are there for a new object.", kUnique,
     nullptr,
     [](Lab& lab) {
       lab.need(lab.harness().survives_reopen, "a store that outlives its object");
       NewTask timed = keyed(lab, "timed");
       timed.unique_for = lab.ticks(10);
       lab.put(timed);
       lab.finish(lab.claim_one(), State::succeeded, Millis(0));
       const TaskKey k = free(lab, "of a free key");
       lab.reopen();
       taken(lab, k.id, "after opening again");
       taken(lab, keyed(lab, "timed"), timed.key.id, "within its time, after opening again");
       lab.pass(11);
       lab.put(keyed(lab, "timed"));
       same(lab.cancel(k), Item::ok, "the cancel");
       free(lab, "after the cancel");
     }},
};

}  // namespace

Promises unique() { return kUniquePromises; }

}  // namespace penstock::conformance::areas
