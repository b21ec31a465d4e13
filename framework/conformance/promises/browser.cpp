// Capability Browser: looking around in a queue, page by page.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"
#include "conformance/promises/hostile.hpp"

namespace penstock::conformance::areas {

namespace {

using Page = std::vector<std::pair<TaskId, Record>>;

Page page(Lab& lab, const Filter& f, std::string& next, Here here = Here::now()) {
  Page out = must(lab.cap<Browser>(here).list(f, next), "list", here);
  holds(out.size() <= f.at_most, "no more than at_most records", here);
  return out;
}

// The ids of all pages.
std::vector<TaskId> all(Lab& lab, Filter f, Here here = Here::now()) {
  std::vector<TaskId> out;
  std::string cursor, next;
  for (int i = 0; i < 1'000; ++i) {
    f.cursor = cursor;
    for (const auto& [id, record] : page(lab, f, next, here)) out.push_back(id);
    if (next.empty()) return out;
    cursor = next;
  }
  broken("paging does not come to an end", here);
}

Filter of(State s, std::string_view queue = "q", std::uint32_t at_most = 100) {
  Filter f;
  f.queue = queue, f.state = s, f.at_most = at_most;
  return f;
}

constexpr Promise kBrowserPromises[] = {
    {"browse.every_state", "list finds the tasks of each state, and only those.", 0, kBrowserCap,
     [](Lab& lab) {
       const TaskId leased = lab.leased().id, succeeded = lab.ended(State::succeeded, kKeepForever).id,
                    dead = lab.ended(State::dead, kKeepForever).id,
                    cancelled = lab.ended(State::cancelled, kKeepForever).id;
       NewTask later = lab.task();
       later.delay = lab.ticks(50);
       const TaskId scheduled = lab.put(later).id, ready = lab.put().id;
       same(all(lab, of(State::scheduled)), {scheduled}, "scheduled tasks");
       same(all(lab, of(State::ready)), {ready}, "ready tasks");
       same(all(lab, of(State::leased)), {leased}, "leased tasks");
       same(all(lab, of(State::succeeded)), {succeeded}, "succeeded tasks");
       same(all(lab, of(State::dead)), {dead}, "dead tasks");
       same(all(lab, of(State::cancelled)), {cancelled}, "cancelled tasks");
       same(all(lab, of(State::held)), {}, "held tasks");
     }},

    {"browse.in_order_of_arrival", "Pages are in order of arrival, whatever the priorities and the order of the ends.",
     0, kBrowserCap,
     [](Lab& lab) {
       std::vector<TaskId> sent;
       for (int priority : {3, 1, 2, 0}) {
         NewTask t = lab.task();
         t.priority = priority;
         sent.push_back(lab.put(t).id);
       }
       same(all(lab, of(State::ready)), sent, "ready tasks");
       for (const Leased& t : lab.claim(4)) lab.finish(t, State::dead, kKeepForever), lab.pass(1);
       same(all(lab, of(State::dead)), sent, "dead tasks");
     }},

    {"browse.pages_join_up", "Pages of any size, put together, hold each task once.", 0, kBrowserCap,
     [](Lab& lab) {
       const auto sent = lab.put(13);
       for (std::uint32_t size : {1u, 2u, 5u, 12u, 13u, 14u, 100u})
         same(all(lab, of(State::ready, "q", size)), sent, "all pages of " + text(size));
     }},

    {"browse.last_page_has_no_next", "`next` is empty after the last page, whatever it held before.", 0, kBrowserCap,
     [](Lab& lab) {
       std::string next = "left over";
       same(page(lab, of(State::dead), next).size(), 0u, "records of an empty page");
       same(next, "", "next");
       lab.put(2);
       next = "left over";
       page(lab, of(State::ready), next);
       same(next, "", "next after a page that held all");
     }},

    {"browse.pages_survive_changes",
     "Tasks that leave or come between two pages make no other task appear twice or not at all.", 0, kBrowserCap,
     [](Lab& lab) {
       const auto sent = lab.put(6);
       std::string next;
       const Page first = page(lab, of(State::ready, "q", 3), next);
       same(first.size(), 3u, "records of the first page");
       holds(!next.empty(), "a cursor for the second page");
       lab.cancel({"q", sent[2]}), lab.cancel({"q", sent[3]}), lab.put();
       Filter f = of(State::ready, "q", 2);
       const std::string cursor = next;
       f.cursor = cursor;
       const Page second = page(lab, f, next);
       same(second.size(), 2u, "records of the second page");
       same(second[0].first, sent[4], "the first task of the second page");
       same(second[1].first, sent[5], "the second task of the second page");
     }},

    {"browse.records_are_those_of_get", "The records of a page are the ones that get would give.", 0, kBrowserCap,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.kind = "send", t.body = std::string_view("a\0b", 3), t.priority = 4, t.weight = 5;
       lab.put(t);
       const Leased got = lab.claim_one();
       Settlement s = lab.say(got, State::dead);
       s.keep = kKeepForever, s.note = "why", s.charge = Charge::failure;
       same(lab.settle(s), Item::ok, "the settlement");
       std::string next;
       const Page p = page(lab, of(State::dead), next);
       same(p.size(), 1u, "records");
       same(text(p[0].second), text(lab.record(t.key)), "the record");
     }},

    {"browse.by_kind", "A kind in the filter leaves only the tasks of that kind, on every page.", 0, kBrowserCap,
     [](Lab& lab) {
       std::vector<TaskId> wanted;
       for (int i = 0; i < 9; ++i) {
         NewTask t = lab.task();
         t.kind = i % 3 ? "other" : "wanted";
         lab.put(t);
         if (i % 3 == 0) wanted.push_back(t.key.id);
       }
       Filter f = of(State::ready, "q", 2);
       f.kind = "wanted";
       same(all(lab, f), wanted, "tasks of kind wanted");
       f.kind = "wante";
       same(all(lab, f), {}, "tasks of a kind that nobody has");
     }},

    {"browse.by_time_of_the_end",
     "For ended tasks `from` and `to` bound the time of the end; `from` is within, `to` is not.", 0, kBrowserCap,
     [](Lab& lab) {
       std::vector<TaskId> ended;
       std::vector<Time> at;
       lab.put(4);
       lab.pass(10);
       for (const Leased& t : lab.claim(4)) {
         lab.finish(t, State::dead, kKeepForever);
         ended.push_back(t.id), at.push_back(lab.record(t).ended);
         lab.pass(2);
       }
       Filter f = of(State::dead);
       f.from = at[1], f.to = at[3];
       same(all(lab, f), {ended[1], ended[2]}, "tasks that ended in the span");
       f.from = at[3] + Millis(1), f.to = Time::max();
       same(all(lab, f), {}, "tasks that ended later");
     }},

    {"browse.by_time_of_the_enqueue", "For tasks that have not ended `from` and `to` bound the time of the enqueue.", 0,
     kBrowserCap,
     [](Lab& lab) {
       std::vector<TaskId> sent;
       std::vector<Time> at;
       for (int i = 0; i < 4; ++i) {
         const TaskKey k = lab.put();
         sent.push_back(k.id), at.push_back(lab.record(k).enqueued);
         lab.pass(2);
       }
       Filter f = of(State::ready);
       f.from = at[1], f.to = at[3];
       same(all(lab, f), {sent[1], sent[2]}, "tasks enqueued in the span");
     }},

    {"browse.no_tombstones", "Ended tasks whose content is gone are not listed.", 0, kBrowserCap,
     [](Lab& lab) {
       lab.ended(State::dead);
       const TaskId kept = lab.ended(State::dead, kKeepForever).id;
       same(all(lab, of(State::dead)), {kept}, "dead tasks");
       lab.trim({.queue = "q", .state = State::dead, .count = 0});
       same(all(lab, of(State::dead)), {}, "dead tasks after a trim");
     }},

    {"browse.only_the_queue_named", "Tasks of other queues are not listed; a queue never heard of is empty.", 0,
     kBrowserCap,
     [](Lab& lab) {
       const TaskId a = lab.put("a").id;
       lab.put("b");
       same(all(lab, of(State::ready, "a")), {a}, "tasks of queue a");
       same(all(lab, of(State::ready, "never-heard-of")), {}, "tasks of an unknown queue");
     }},

    {"browse.strange_cursors_do_no_harm",
     "A cursor that list never gave is refused or gives some page, and changes nothing.", 0, kBrowserCap,
     [](Lab& lab) {
       lab.put(3);
       const std::string before = lab.dump();
       auto cursors = hostile_names();
       cursors.insert(cursors.end(), {"0", "-1", "99999999999999999999999", "1e9", "next"});
       for (const std::string& cursor : cursors) {
         Filter f = of(State::ready);
         f.cursor = cursor;
         std::string next;
         const auto answer = lab.cap<Browser>().list(f, next);
         if (!answer) same(answer.error().code, Errc::invalid, "the error for cursor " + text(cursor));
       }
       lab.unchanged(before, "a strange cursor");
     }},

    {"browse.looking_changes_nothing", "Listing changes nothing.", 0, kBrowserCap,
     [](Lab& lab) {
       lab.leased(), lab.ended(State::dead, kKeepForever), lab.put();
       const std::string before = lab.dump();
       for (std::size_t s = 0; s < kStates; ++s) all(lab, of(static_cast<State>(s)));
       lab.unchanged(before, "a list");
     }},
};

}  // namespace

Promises browser() { return kBrowserPromises; }

}  // namespace penstock::conformance::areas
