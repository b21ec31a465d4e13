// Many threads on one object: every method, at once.
#include <atomic>
#include <map>

#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

std::size_t work(const Lab& lab) { return static_cast<std::size_t>(lab.harness().threads * lab.harness().rounds); }

// Each thread's tasks, checked to be handed out once in all and to share no epoch between threads.
void disjoint(const std::vector<std::vector<Leased>>& got, std::size_t expected) {
  std::set<TaskId> tasks;
  std::map<Epoch, std::size_t> owner;
  for (std::size_t i = 0; i < got.size(); ++i) {
    for (const Leased& t : got[i]) {
      same(tasks.insert(t.id).second, true, "whether task " + text(t.id) + " was handed out once");
      same(owner.emplace(t.epoch, i).first->second, i, "the thread that holds epoch " + text(t.epoch));
    }
  }
  same(tasks.size(), expected, "tasks handed out");
}

std::vector<std::vector<Leased>> claim_all(Lab& lab) {
  std::vector<std::vector<Leased>> got(static_cast<std::size_t>(lab.harness().threads));
  lab.store();
  lab.together(lab.harness().threads, [&](int i) {
    auto& mine = got[static_cast<std::size_t>(i)];
    while (mine.size() <= work(lab)) {
      auto more = lab.claim(3);
      if (more.empty()) return;
      mine.insert(mine.end(), more.begin(), more.end());
    }
  });
  return got;
}

std::size_t at(int i) { return static_cast<std::size_t>(i); }

constexpr Promise kConcurrencyPromises[] = {
    {"concurrency.claims_never_share_a_task",
     "Threads that claim at once never get the same task or the same epoch, and together get all.", 0, nullptr,
     [](Lab& lab) {
       lab.put(work(lab));
       disjoint(claim_all(lab), work(lab));
     }},

    {"concurrency.lapsed_tasks_go_to_one",
     "Tasks of lapsed leases that many threads claim at once go to one of them each.", 0, nullptr,
     [](Lab& lab) {
       lab.put(work(lab));
       for (std::size_t i = 0; i < work(lab); ++i) lab.claim(7, "q", lab.ticks(5));
       lab.pass(6);
       disjoint(claim_all(lab), work(lab));
     }},

    {"concurrency.one_enqueue_of_an_id_is_ok",
     "Of many enqueues of the same task at once exactly one is ok, the others exists.", 0, nullptr,
     [](Lab& lab) {
       const auto tasks = lab.tasks(at(lab.harness().rounds));
       std::atomic<std::size_t> ok{0}, odd{0};
       DurableBackend& store = lab.store();
       lab.together(lab.harness().threads, [&](int) {
         for (const NewTask& t : tasks) {
           const Item what = must(store.enqueue(std::span(&t, 1), nullptr), "enqueue").at(0).what;
           ok += what == Item::ok, odd += what != Item::ok && what != Item::exists;
         }
       });
       same(ok.load(), tasks.size(), "enqueues answered ok");
       same(odd.load(), 0u, "answers other than ok and exists");
       same(lab.count(State::ready), tasks.size(), "ready tasks");
     }},

    {"concurrency.one_body_of_an_id_wins",
     "Of many enqueues of one id with different bodies one is ok, the others conflict, and its body stays.", 0, nullptr,
     [](Lab& lab) {
       const auto tasks = lab.tasks(at(lab.harness().rounds));
       std::vector<std::atomic<int>> winner(tasks.size());
       std::atomic<std::size_t> ok{0}, odd{0};
       DurableBackend& store = lab.store();
       lab.together(lab.harness().threads, [&](int i) {
         const std::string body = "of " + text(i);
         for (std::size_t n = 0; n < tasks.size(); ++n) {
           NewTask t = tasks[n];
           t.body = body;
           const Item what = must(store.enqueue(std::span(&t, 1), nullptr), "enqueue").at(0).what;
           if (what == Item::ok) ++ok, winner[n] = i;
           odd += what != Item::ok && what != Item::conflict;
         }
       });
       same(ok.load(), tasks.size(), "enqueues answered ok");
       same(odd.load(), 0u, "answers other than ok and conflict");
       for (std::size_t n = 0; n < tasks.size(); ++n)
         same(lab.record(tasks[n].key).body, "of " + text(winner[n].load()), "the body of task " + text(n));
     }},

    {"concurrency.one_end_wins",
     "Of contradicting settlements at once one is accepted, and the state is the one it said.", 0, nullptr,
     [](Lab& lab) {
       lab.put(at(lab.harness().rounds));
       const auto t = lab.claim(static_cast<std::uint32_t>(lab.harness().rounds));
       std::vector<std::vector<Item>> said(3, std::vector<Item>(t.size()));
       constexpr State kTo[] = {State::succeeded, State::dead, State::ready};
       lab.together(3, [&](int i) {
         for (std::size_t n = 0; n < t.size(); ++n) said[at(i)][n] = lab.settle(t[n], kTo[i]);
       });
       for (std::size_t n = 0; n < t.size(); ++n) {
         const State state = lab.record(t[n]).state;
         for (std::size_t i = 0; i < 3; ++i)
           same(said[i][n], kTo[i] == state ? Item::ok : Item::lease_lost,
                "the answer to " + text(kTo[i]) + " of a task now " + text(state));
       }
     }},

    {"concurrency.charges_are_not_lost",
     "Retries on many threads at once charge each task as often as it was given back.", 0, nullptr,
     [](Lab& lab) {
       lab.put(3);
       std::atomic<std::uint32_t> charged{0};
       lab.together(lab.harness().threads, [&](int) {
         for (int i = 0; i < lab.harness().rounds; ++i) {
           for (const Leased& t : lab.claim(1)) {
             Settlement s = lab.say(t, State::ready);
             s.charge = Charge::failure;
             same(lab.settle(s), Item::ok, "a retry");
             ++charged;
           }
         }
       });
       std::uint32_t sum = 0;
       for (const Leased& t : lab.claim(3)) sum += t.failures;
       same(sum, charged.load(), "the sum of the failures");
     }},

    {"concurrency.every_task_ends_once",
     "Producers and workers on many threads: every task sent is run and ends exactly once.", 0, nullptr,
     [](Lab& lab) {
       const auto tasks = lab.tasks(work(lab));
       std::atomic<std::size_t> ended{0}, odd{0};
       DurableBackend& store = lab.store();
       const Until late(lab.harness().patience);
       lab.together(2 * lab.harness().threads, [&](int i) {
         if (i % 2) {
           while (ended + odd < tasks.size() && !late.passed()) {
             for (const Leased& t : lab.claim(4)) lab.settle(t, State::succeeded) == Item::ok ? ++ended : ++odd;
           }
           return;
         }
         for (int n = 0; n < lab.harness().rounds; ++n)
           must(store.enqueue(std::span(&tasks[at(i / 2 * lab.harness().rounds + n)], 1), nullptr), "enqueue");
       });
       same(odd.load(), 0u, "settlements refused");
       same(ended.load(), tasks.size(), "tasks ended");
       for (const NewTask& t : tasks) same(lab.record(t.key).state, State::succeeded, "the state of a task");
     }},

    {"concurrency.cancel_or_claim",
     "A waiting task that is cancelled and claimed at once is cancelled or leased, never both.", 0, nullptr,
     [](Lab& lab) {
       const auto sent = lab.put(work(lab));
       std::vector<Item> said(sent.size());
       std::vector<Leased> got;
       lab.together(2, [&](int i) {
         if (i) {
           for (std::size_t n = sent.size(); n-- > 0;) said[n] = lab.cancel({"q", sent[n]});
           return;
         }
         while (got.size() <= sent.size()) {
           auto more = lab.claim(1);
           if (more.empty()) return;
           got.push_back(more[0]);
         }
       });
       std::set<TaskId> leased;
       for (const Leased& t : got) leased.insert(t.id);
       for (std::size_t n = 0; n < sent.size(); ++n)
         same(said[n], leased.count(sent[n]) ? Item::requested : Item::ok,
              "the answer to the cancel of task " + text(n));
       same(lab.count(State::cancelled) + lab.count(State::leased), sent.size(), "tasks cancelled or leased");
     }},

    {"concurrency.readers_disturb_nobody",
     "Records, counts and trims on other threads neither fail nor hold up the work.", 0, nullptr,
     [](Lab& lab) {
       const auto sent = lab.put(work(lab));
       std::atomic<bool> done{false};
       const Until late(lab.harness().patience);
       lab.together(3, [&](int i) {
         if (i == 0) {
           for (auto got = lab.claim(5); !got.empty() && !late.passed(); got = lab.claim(5))
             for (const Leased& t : got) lab.finish(t, State::succeeded, kKeepForever);
           done = true;
         }
         std::uint64_t sum = 0;
         while (i == 1 && !done && !late.passed()) {
           sum = 0;
           for (std::uint64_t n : lab.counts().by_state) sum += n;
           same(sum, sent.size(), "the sum of all counts");
         }
         while (i == 2 && !done && !late.passed()) {
           lab.record({"q", sent[sent.size() / 2]});
           lab.trim({.queue = "q"});
         }
       });
       same(lab.count(State::succeeded), sent.size(), "tasks succeeded");
     }},

    {"concurrency.retention_lets_each_go_once",
     "Trims on many threads at once let each record go once, and stop at the bound.", 0, nullptr,
     [](Lab& lab) {
       const std::size_t n = work(lab);
       for (std::size_t i = 0; i < n; ++i) lab.ended(State::succeeded, kKeepForever);
       std::atomic<std::uint64_t> gone{0};
       lab.together(lab.harness().threads, [&](int) {
         for (std::size_t i = 0; i < n; ++i) gone += lab.trim({.queue = "q", .count = 5, .at_most = 3});
       });
       same(gone.load(), n - 5, "records let go in all");
       same(lab.count(State::succeeded), 5u, "records kept");
     }},
};

}  // namespace

Promises concurrency() { return kConcurrencyPromises; }

}  // namespace penstock::conformance::areas
