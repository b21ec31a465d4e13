// Feature kFair: the fair keys of a queue take turns, one task each.
#include <algorithm>
#include <map>

#include "conformance/promises.hpp"
#include "conformance/promises/flow.hpp"

namespace penstock::conformance::areas {

namespace {

// The fair keys of the tasks of a claim, in order, each as one letter or its name.
std::string keys_of(Lab& lab, const std::vector<Leased>& all, Here here = Here::now()) {
  std::string out;
  for (const Leased& t : all) {
    const std::string fair = lab.record(t, here).fair;
    out += fair.empty() ? "." : fair;
  }
  return out;
}
std::string turns(Lab& lab, std::uint32_t n, Here here = Here::now()) {
  return keys_of(lab, lab.claim(n, "q", kLong, 0, here), here);
}
std::string one_by_one(Lab& lab, int n, Here here = Here::now()) {
  std::string out;
  for (int i = 0; i < n; ++i) out += turns(lab, 1, here);
  return out;
}
void put(Lab& lab, std::string_view fair, std::size_t n, Here here = Here::now()) {
  put_like(lab, of_key(lab, fair), n, here);
}

constexpr Promise kFairPromises[] = {
    {"fair.keys_take_turns", "Within one claim the keys of a queue take turns, one task each, whoever came first.",
     kFair, nullptr,
     [](Lab& lab) {
       put(lab, "a", 4), put(lab, "b", 2), put(lab, "c", 1);
       same(turns(lab, 10), "abcabaa", "the keys in order");
     }},

    {"fair.turns_go_on_across_claims", "Successive claims of one task go on with the turns where the last one stopped.",
     kFair | kStrictOrder, nullptr,
     [](Lab& lab) {
       put(lab, "a", 3), put(lab, "b", 3), put(lab, "c", 3);
       same(turns(lab, 2), "ab", "the keys in order");
       same(one_by_one(lab, 4), "cabc", "the keys in order");
       same(turns(lab, 5), "abc", "the keys in order");
     }},

    {"fair.a_flood_holds_nobody_up", "One task of a key waits for at most one of another that has a thousand.", kFair,
     nullptr,
     [](Lab& lab) {
       std::vector<NewTask> flood;
       for (int i = 0; i < 1'000; ++i) flood.push_back(of_key(lab, "a"));
       const std::size_t piece = std::min<std::size_t>(flood.size(), lab.properties().max_batch);
       for (std::size_t at = 0; at < flood.size(); at += piece)
         lab.enqueue(std::span(flood).subspan(at, std::min(piece, flood.size() - at)));
       same(turns(lab, 1), "a", "the first");
       put(lab, "b", 1);
       const std::string next = one_by_one(lab, 2);
       holds(next.find('b') != next.npos, "the other key within two claims, seen " + next);
     }},

    {"fair.newcomers_go_behind", "A key that comes to have tasks waits for those that had some before it, once each.",
     kFair, nullptr,
     [](Lab& lab) {
       put(lab, "a", 3), put(lab, "b", 3);
       same(turns(lab, 1), "a", "the first");
       put(lab, "c", 2);
       same(turns(lab, 10), "bacbacb", "the keys in order");
     }},

    {"fair.newcomers_starve_nobody", "A key gets its turn though a new key turns up before every claim.", kFair,
     nullptr,
     [](Lab& lab) {
       put(lab, "a", 2), put(lab, "z", 2);
       std::string seen;
       const std::vector<std::string> names = {"b", "c", "d", "e", "f", "g", "h", "i"};
       for (const std::string& n : names) {
         put(lab, n, 1);
         seen += turns(lab, 1);
       }
       same(seen.substr(0, 2), "az", "the first turns");
       same(std::count(seen.begin(), seen.end(), 'a'), 2, "turns of the first key in " + seen);
     }},

    {"fair.a_key_that_ran_out_comes_back_behind",
     "A key without tasks keeps no place: when it has some again it is new.", kFair, nullptr,
     [](Lab& lab) {
       put(lab, "a", 1), put(lab, "b", 3);
       same(turns(lab, 1), "a", "the first");
       put(lab, "c", 2), put(lab, "a", 2);
       same(turns(lab, 10), "bcabcab", "the keys in order");
     }},

    {"fair.no_key_is_a_key", "All tasks without a key are one key among the others.", kFair, nullptr,
     [](Lab& lab) {
       put(lab, "", 3), put(lab, "a", 2);
       same(turns(lab, 10), ".a.a.", "the keys in order");
     }},

    {"fair.no_key_was_there_first", "Tasks without a key keep their turn when the first key turns up.", kFair, nullptr,
     [](Lab& lab) {
       lab.put(2);
       put(lab, "a", 2);
       same(turns(lab, 1), ".", "the first");
       same(turns(lab, 5), "a.a", "the keys in order");
     }},

    {"fair.turns_before_priorities", "A priority holds inside its key: it does not make the key come sooner.", kFair,
     nullptr,
     [](Lab& lab) {
       put(lab, "a", 2);
       NewTask urgent = of_key(lab, "b");
       urgent.priority = INT32_MIN, urgent.weight = 65535;
       put_like(lab, urgent, 2);
       same(turns(lab, 5), "abab", "the keys in order");
     }},

    {"fair.exact_order_inside_a_key", "Inside a key the tasks come by priority, weight and arrival.", kFair, nullptr,
     [](Lab& lab) {
       std::map<std::string, std::vector<NewTask>> sent;
       const std::vector<std::string> names = {"a", "b", ""};
       for (int i = 0; i < 60; ++i) {
         NewTask t = of_key(lab, names[lab.random().below(3)]);
         t.priority = static_cast<std::int32_t>(lab.random().below(3)) - 1;
         t.weight = static_cast<std::uint16_t>(1 + lab.random().below(2));
         lab.put(t);
         sent[std::string(t.fair)].push_back(t);
       }
       std::map<std::string, std::vector<TaskId>> seen;
       for (std::uint32_t n : {7u, 1u, 20u, 60u})
         for (const Leased& t : lab.claim(n)) seen[lab.record(t).fair].push_back(t.id);
       for (auto& [key, tasks] : sent) {
         std::stable_sort(tasks.begin(), tasks.end(), [](const NewTask& x, const NewTask& y) {
           return std::tuple(x.priority, -x.weight) < std::tuple(y.priority, -y.weight);
         });
         std::vector<TaskId> expected;
         for (const NewTask& t : tasks) expected.push_back(t.key.id);
         same(seen[key] == expected, true, "whether the tasks of key " + text(key) + " came in order");
       }
     }},

    {"fair.retry_keeps_its_place_in_its_key", "A task given back stands where it arrived, among those of its key.",
     kFair, nullptr,
     [](Lab& lab) {
       const auto a = put_like(lab, of_key(lab, "a"), 3);
       put(lab, "b", 2);
       const Leased t = lab.claim_one();
       same(lab.settle(t, State::ready), Item::ok, "the retry");
       std::vector<TaskId> of_a;
       for (const Leased& l : lab.claim(10))
         if (lab.record(l).fair == "a") of_a.push_back(l.id);
       same(of_a, a, "the order inside the key");
     }},

    {"fair.lapsed_tasks_come_first", "Tasks of lapsed leases come before any turn, in their batch's order.", kFair,
     nullptr,
     [](Lab& lab) {
       put(lab, "a", 3);
       const auto lapsed = ids(lab.claim(2, "q", lab.ticks(1)));
       put(lab, "b", 1);
       lab.pass(3);
       const auto got = lab.claim(10);
       same(keys_of(lab, got), "aaab", "the keys in order");
       same(got.at(0).id == lapsed.at(0) && got.at(1).id == lapsed.at(1), true,
            "whether the lapsed ones came in order");
     }},

    {"fair.due_tasks_take_turns", "Scheduled tasks that are due take the turns of their keys.", kFair, nullptr,
     [](Lab& lab) {
       NewTask later = of_key(lab, "b");
       later.delay = lab.ticks(2);
       put_like(lab, later, 2);
       put(lab, "a", 3);
       lab.pass(3);
       same(turns(lab, 10), "ababa", "the keys in order");
     }},

    {"fair.is_per_queue", "Turns in one queue are no turns in another.", kFair, nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 2, "a max_batch of at least 2");
       for (std::string_view queue : {"q", "r"}) {
         NewTask a = of_key(lab, "a"), b = of_key(lab, "b");
         a.key.queue = b.key.queue = queue;
         put_like(lab, a, 2), put_like(lab, b, 2);
       }
       same(turns(lab, 1), "a", "the first of one queue");
       same(keys_of(lab, lab.claim(5, "r")), "abab", "the keys of the other queue");
       same(turns(lab, 5), "bab", "the keys that are left");
     }},

    {"fair.turns_go_on_beyond_the_quota", "Tasks claimed beyond the quota go on with the turns.", kFair, nullptr,
     [](Lab& lab) {
       put(lab, "a", 4), put(lab, "b", 4);
       const Share share{"q", 3};
       Exchange e;
       e.claim = std::span(&share, 1), e.limit = 6, e.lease = kLong;
       same(keys_of(lab, lab.exchange(e).leased), "ababab", "the keys in order");
     }},

    {"fair.children_have_keys", "Children take the turns of their keys.", kFair | kChildren, nullptr,
     [](Lab& lab) {
       const Leased parent = lab.leased();
       put(lab, "a", 2);
       const std::vector<NewTask> children = {of_key(lab, "b"), of_key(lab, "b"), of_key(lab, "a")};
       Settlement s = lab.say(parent, State::succeeded);
       s.children = children;
       same(lab.settle(s), Item::ok, "the settlement");
       same(turns(lab, 10), "ababa", "the keys in order");
     }},

    {"fair.replayed_tasks_have_keys", "A task that an operator lets run again takes the turns of its key.", kFair,
     kBrowserCap,
     [](Lab& lab) {
       put(lab, "a", 1);
       const Leased t = lab.claim_one();
       lab.finish(t, State::dead, kKeepForever);
       put(lab, "b", 3);
       same(turns(lab, 1), "b", "the first");
       const TaskKey k = key(t);
       must(lab.cap<Browser>().move(std::span(&k, 1), State::dead, State::ready, {}), "move");
       same(turns(lab, 5), "bab", "the keys in order");
     }},

    {"fair.cancelled_tasks_leave_no_turn", "A key whose last task was cancelled has no turn.", kFair, nullptr,
     [](Lab& lab) {
       const auto a = put_like(lab, of_key(lab, "a"), 2);
       put(lab, "b", 2);
       for (const TaskId& id : a) same(lab.cancel({"q", id}), Item::ok, "a cancel");
       same(turns(lab, 5), "bb", "the keys in order");
     }},

    {"fair.many_keys", "Three hundred keys all have their first turn before any has its second.", kFair, nullptr,
     [](Lab& lab) {
       std::vector<std::string> names;
       for (int i = 0; i < 300; ++i) names.push_back("key " + text(i));
       for (int round = 0; round < 2; ++round)
         for (const std::string& n : names) put(lab, n, 1);
       for (int round = 0; round < 2; ++round) {
         std::set<std::string> seen;
         for (int left = 300; left > 0; left -= 100)
           for (const Leased& t : lab.claim(100)) seen.insert(lab.record(t).fair);
         same(seen.size(), 300u, "keys served in round " + text(round));
       }
     }},

    {"fair.keys_are_any_octets", "Keys are compared octet by octet, NUL included, up to 255 of them.", kFair, nullptr,
     [](Lab& lab) {
       const std::vector<std::string> keys = {
           std::string("\0", 1), std::string("a\0b", 3), std::string("a\0c", 3), "a", "\xff", "'; DROP",
           std::string(255, 'k')};
       for (const std::string& k : keys) put(lab, k, 2);
       std::vector<std::string> seen;
       for (const Leased& t : lab.claim(static_cast<std::uint32_t>(keys.size()))) seen.push_back(lab.record(t).fair);
       same(seen, keys, "the first turns");
     }},

    {"fair.too_long_a_key_is_invalid", "A key of 256 octets is invalid, and changes nothing.", kFair, nullptr,
     [](Lab& lab) {
       const std::string name(256, 'k');
       const NewTask t = of_key(lab, name);
       same(lab.enqueue(t), Item::invalid, "the enqueue");
       holds(!lab.get(t.key), "no record of it");
       lab.nothing_claimable("an enqueue refused");
     }},

    {"fair.is_shown", "A record shows the fair key of its task until it is a tombstone.", kFair, nullptr,
     [](Lab& lab) {
       const std::string k("a\0b\xff", 4);
       const NewTask t = of_key(lab, k);
       lab.put(t);
       same(lab.record(t.key).fair, k, "the key");
       lab.finish(lab.claim_one(), State::dead, kKeepForever);
       same(lab.record(t.key).fair, k, "the key after the end");
       lab.trim({.queue = "q", .state = State::dead, .count = 0});
       same(lab.record(t.key).fair, "", "the key of the tombstone");
     }},

    {"fair.turns_hold_for_many_claimers",
     "Claimed on many threads at once, keys that all have tasks are served equally often, within one.",
     kFair | kStrictOrder, nullptr,
     [](Lab& lab) {
       const auto threads = static_cast<std::size_t>(lab.harness().threads);
       const auto rounds = static_cast<std::size_t>(lab.harness().rounds);
       for (std::string_view k : {"a", "b", "c"}) put(lab, k, threads * rounds);
       std::vector<std::vector<Leased>> got(threads);
       lab.together(lab.harness().threads, [&](int i) {
         auto& mine = got[static_cast<std::size_t>(i)];
         for (std::size_t r = 0; r < rounds; ++r)
           for (Leased& t : lab.claim(1)) mine.push_back(std::move(t));
       });
       std::map<std::string, std::size_t> served;
       for (const auto& mine : got)
         for (const Leased& t : mine) ++served[lab.record(t).fair];
       const auto [least, most] = std::minmax({served["a"], served["b"], served["c"]});
       holds(most - least <= 1, "equal turns, seen " + text(least) + " and " + text(most));
     }},

    {"fair.turns_outlive_the_object", "A new object goes on with the turns where the one before it stopped.",
     kFair | kStrictOrder, nullptr,
     [](Lab& lab) {
       lab.need(lab.harness().survives_reopen, "a store that outlives its object");
       put(lab, "a", 3), put(lab, "b", 3), put(lab, "c", 1);
       same(turns(lab, 1), "a", "the first");
       lab.reopen();
       same(turns(lab, 10), "bcabab", "the keys in order");
     }},

    {"fair.turns_are_of_the_store", "Two objects on one store share the turns.", kFair | kStrictOrder, nullptr,
     [](Lab& lab) {
       const auto other = lab.another();
       put(lab, "a", 3), put(lab, "b", 3);
       const Share share{"q", 1};
       Exchange e;
       e.claim = std::span(&share, 1), e.limit = 1, e.lease = kLong;
       std::string seen;
       for (int i = 0; i < 3; ++i) {
         seen += turns(lab, 1);
         seen += keys_of(lab, must(other->exchange(e), "exchange").leased);
       }
       same(seen, "ababab", "the keys in order");
     }},
};

}  // namespace

Promises fair() { return kFairPromises; }

}  // namespace penstock::conformance::areas
