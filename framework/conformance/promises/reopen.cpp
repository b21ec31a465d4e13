// Stores that outlive the object, and stores that several objects share.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

void reopen(Lab& lab) {
  lab.need(lab.harness().survives_reopen, "a store that outlives its object");
  lab.reopen();
}

std::vector<Leased> claim(DurableBackend& store, std::uint32_t limit, Here here = Here::now()) {
  const Share share{"q", limit};
  Exchange e;
  e.claim = std::span(&share, 1), e.limit = limit, e.lease = kLong;
  return must(store.exchange(e), "exchange", here).leased;
}

Item settle(DurableBackend& store, const Leased& t, State to, Here here = Here::now()) {
  const Settlement s = Lab::say(t, to);
  Exchange e;
  e.settle = std::span(&s, 1), e.lease = kLong;
  return must(store.exchange(e), "exchange", here).settled.at(0);
}

constexpr Promise kReopenPromises[] = {
    {"reopen.everything_is_there", "A new object on the store sees every record and count as the one before it.", 0,
     nullptr,
     [](Lab& lab) {
       NewTask later = lab.task();
       later.delay = lab.ticks(100);
       lab.put(later), lab.put(3), lab.put("other");
       lab.ended(State::dead, kKeepForever, "x"), lab.ended(State::succeeded, {}, "x");
       const Leased t = lab.claim_one("q", kLong, 1);
       Settlement s = lab.say(t, State::leased);
       s.note = "halfway";
       same(lab.settle(s), Item::ok, "a mark");
       same(lab.cancel(key(t)), Item::requested, "a cancel");
       const std::string before = lab.dump();
       reopen(lab);
       lab.unchanged(before, "opening the store again");
     }},

    {"reopen.order_is_kept", "Tasks are handed out by a new object in the order they would have been.", 0, nullptr,
     [](Lab& lab) {
       const auto sent = lab.put(5);
       reopen(lab);
       NewTask late = lab.task();
       lab.put(late);
       auto expected = sent;
       expected.push_back(late.key.id);
       same(ids(lab.claim(10)), expected, "the order");
     }},

    {"reopen.leases_go_on", "A lease is still held after the store was opened again: not offered, extended, settled.",
     0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       reopen(lab);
       lab.nothing_claimable("opening the store again");
       same(lab.extend("q", t.epoch, kLong).what, Item::ok, "the extension");
       same(lab.settle(t, State::succeeded), Item::ok, "the settlement");
     }},

    {"reopen.leases_lapse", "A lease taken before the store was opened again lapses at its time.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(4), 1);
       reopen(lab);
       lab.pass(5);
       const Leased again = lab.claim_one();
       same(again.lapsed, true, "lapsed");
       same(again.begun, true, "begun");
       same(lab.settle(t, State::succeeded), Item::lease_lost, "the first holder's settlement");
     }},

    {"reopen.epochs_are_not_reused", "Epochs rise across objects, also when all tasks have gone meanwhile.", 0, nullptr,
     [](Lab& lab) {
       Epoch last = 0;
       for (int i = 0; i < lab.harness().repeat; ++i) {
         const Leased t = lab.ended(State::succeeded);
         holds(t.epoch > last, "an epoch above " + text(last) + ", not " + text(t.epoch));
         last = t.epoch;
         if (i == 2) lab.pass(lab.properties().remembers_ids + lab.ticks(2));
         lab.trim({.queue = "q"});
         reopen(lab);
       }
     }},

    {"reopen.repeats_are_known",
     "Enqueues and settlements sent again after the store was opened again are answered as repeats.", 0, nullptr,
     [](Lab& lab) {
       const NewTask sent = lab.task();
       lab.put(sent);
       const Leased t = lab.claim_one();
       lab.finish(t, State::succeeded, Millis(0));
       reopen(lab);
       same(lab.settle(t, State::succeeded), Item::ok, "the settlement again");
       same(lab.enqueue(sent), Item::exists, "the enqueue again");
       lab.nothing_claimable("repeats");
     }},

    {"reopen.dates_are_kept", "Scheduled tasks become due at their time for a new object.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.delay = lab.ticks(4);
       lab.put(t);
       reopen(lab);
       lab.nothing_claimable("opening the store again");
       lab.pass(5);
       same(lab.claim_one().id, t.key.id, "the task claimed");
     }},

    {"reopen.documents_are_kept", "Documents are there for a new object, at their revision.", 0, kRegistryCap,
     [](Lab& lab) {
       const std::uint64_t revision = must(lab.cap<Registry>().put({"d", "value", 0}), "put");
       reopen(lab);
       const auto docs = must(lab.cap<Registry>().list(""), "list");
       same(docs.size(), 1u, "documents");
       same(docs[0].value, "value", "the value");
       same(docs[0].revision, revision, "the revision");
       fails(lab.cap<Registry>().put({"d", "other", 0}), Errc::conflict, "put at revision 0");
     }},

    {"shared.both_see_the_same", "What one object accepted, the other one shows.", 0, nullptr,
     [](Lab& lab) {
       const auto other = lab.another();
       const TaskKey k = lab.put();
       const auto found = must(other->get(std::span(&k, 1)), "get");
       holds(found.at(0).has_value(), "a record through the other object");
       const auto t = claim(*other, 5);
       same(t.size(), 1u, "tasks claimed through the other object");
       same(lab.record(k).state, State::leased, "the state through the first object");
       lab.nothing_claimable("a claim by the other object");
     }},

    {"shared.leases_are_of_the_store",
     "A lease may be settled and extended through another object than the one that took it.", 0, nullptr,
     [](Lab& lab) {
       const auto other = lab.another();
       lab.put(2);
       const auto t = lab.claim(2);
       same(settle(*other, t[0], State::succeeded), Item::ok, "the settlement through the other object");
       same(lab.settle(t[0], State::succeeded), Item::ok, "the settlement again through the first object");
       same(lab.settle(t[0], State::dead), Item::lease_lost, "another end through the first object");
     }},

    {"shared.epochs_are_of_the_store", "Epochs rise over the claims of all objects.", 0, nullptr,
     [](Lab& lab) {
       const auto other = lab.another();
       lab.put(10);
       Epoch last = 0;
       for (int i = 0; i < 10; ++i) {
         const auto t = claim(i % 2 ? *other : lab.store(), 1);
         same(t.size(), 1u, "tasks claimed");
         holds(t[0].epoch > last, "a higher epoch");
         last = t[0].epoch;
       }
     }},

    {"shared.fencing_works_across", "A holder that lost its task to another object is not heard.", 0, nullptr,
     [](Lab& lab) {
       const auto other = lab.another();
       lab.put();
       const Leased was = lab.claim_one("q", lab.ticks(1));
       lab.pass(3);
       const auto now = claim(*other, 1);
       same(now.size(), 1u, "tasks claimed through the other object");
       same(lab.settle(was, State::succeeded), Item::lease_lost, "the stale settlement");
       same(lab.extend("q", was.epoch, kLong).what, Item::lease_lost, "the stale extension");
       same(settle(*other, now[0], State::succeeded), Item::ok, "the new holder's settlement");
     }},

    {"shared.cancels_reach_the_holder", "A cancel through one object is told to the holder at the other.", 0, nullptr,
     [](Lab& lab) {
       const auto other = lab.another();
       const Leased t = lab.leased();
       const TaskKey k = key(t);
       same(must(other->cancel(std::span(&k, 1)), "cancel"), {Item::requested}, "the answers");
       same(lab.extend("q", t.epoch, kLong).stop, {t.id}, "tasks to stop");
     }},

    {"shared.rings_reach_the_other", "An enqueue through one object rings for a wait at the other.", 0, kWaiterCap,
     [](Lab& lab) {
       const auto other = lab.another();
       for (int i = 0; i < lab.harness().repeat; ++i) {
         const Share share{"q", 100};
         Exchange e;
         e.claim = std::span(&share, 1), e.limit = 100, e.lease = kLong;
         const std::uint64_t bell = lab.exchange(e).bell;
         const NewTask t = lab.task();
         must(other->enqueue(std::span(&t, 1), nullptr), "enqueue");
         holds(must(lab.cap<Waiter>().wait(bell, lab.harness().patience), "wait") != bell,
               "a ring by the other object");
       }
     }},

    {"shared.claims_never_share_a_task", "Claims through two objects at once never hand out a task twice.", 0, nullptr,
     [](Lab& lab) {
       const auto other = lab.another();
       lab.put(static_cast<std::size_t>(lab.harness().rounds) * 2);
       std::vector<std::vector<Leased>> got(2);
       lab.together(2, [&](int i) {
         auto& mine = got[static_cast<std::size_t>(i)];
         while (mine.size() <= static_cast<std::size_t>(lab.harness().rounds) * 2) {
           auto more = claim(i ? *other : lab.store(), 2);
           if (more.empty()) return;
           mine.insert(mine.end(), more.begin(), more.end());
         }
       });
       std::set<TaskId> seen;
       for (const auto& side : got)
         for (const Leased& t : side)
           same(seen.insert(t.id).second, true, "whether task " + text(t.id) + " was handed out once");
       same(seen.size(), static_cast<std::size_t>(lab.harness().rounds) * 2, "tasks handed out");
     }},
};

}  // namespace

Promises reopen() { return kReopenPromises; }

}  // namespace penstock::conformance::areas
