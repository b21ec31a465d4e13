// Capability Leadership: one leader at a time, and numbers of terms that only rise.
#include <atomic>

#include <penstock/plugin/leadership.hpp>

#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

Term campaign(Lab& lab, const char* candidate, Millis ttl, const char* name = "n", Here here = Here::now()) {
  return must(lab.cap<Leadership>(here).campaign(name, candidate, ttl), "campaign", here);
}
// The number of the term that the candidate has won.
std::uint64_t won(Lab& lab, const char* candidate, Millis ttl, const char* name = "n", Here here = Here::now()) {
  const Term t = campaign(lab, candidate, ttl, name, here);
  same(t.leader, candidate, "the leader", here);
  holds(t.number > 0, "a term above 0", here);
  return t.number;
}
bool renew(Lab& lab, std::uint64_t term, Millis ttl, const char* name = "n", Here here = Here::now()) {
  return must(lab.cap<Leadership>(here).renew(name, term, ttl), "renew", here);
}
bool resign(Lab& lab, std::uint64_t term, const char* name = "n", Here here = Here::now()) {
  return must(lab.cap<Leadership>(here).resign(name, term), "resign", here);
}
Term look(Lab& lab, const char* name = "n", Here here = Here::now()) {
  return must(lab.cap<Leadership>(here).term(name), "term", here);
}
void nobody(Lab& lab, std::uint64_t last, const char* name = "n", Here here = Here::now()) {
  const Term t = look(lab, name, here);
  same(t.leader, "", "the leader", here);
  same(t.number, last, "the number of the last term", here);
  same(t.left, Millis(0), "the time left", here);
}

constexpr Promise kLeadershipPromises[] = {
    {"leader.first_candidate_leads", "A candidate for a name that nobody leads leads it, for its time to live.", 0,
     kLeadershipCap,
     [](Lab& lab) {
       const std::uint64_t term = won(lab, "a", kLong);
       const Term t = look(lab);
       same(t.number, term, "the number of the term");
       same(t.leader, "a", "the leader");
       holds(t.left > kLong - lab.ticks(1) && t.left <= kLong,
             "the time to live as the time left, seen " + text(t.left));
     }},
    {"leader.others_are_told_who_leads", "While one leads, another candidate changes nothing and is told who does.", 0,
     kLeadershipCap,
     [](Lab& lab) {
       const std::uint64_t term = won(lab, "a", kLong);
       const Term t = campaign(lab, "b", 2 * kLong);
       same(t.leader, "a", "the leader");
       same(t.number, term, "the number of the term");
       holds(t.left <= kLong, "that the term was not renewed");
     }},
    {"leader.campaign_again_renews", "A leader that campaigns again keeps its term, with a new time to live.", 0,
     kLeadershipCap,
     [](Lab& lab) {
       const std::uint64_t term = won(lab, "a", lab.ticks(3));
       lab.pass(2);
       same(won(lab, "a", lab.ticks(3)), term, "the number of the term");
       lab.pass(2);
       same(look(lab).leader, "a", "the leader");
     }},
    {"leader.renewed_term_goes_on", "A term that is renewed lasts its time to live from then on.", 0, kLeadershipCap,
     [](Lab& lab) {
       const std::uint64_t term = won(lab, "a", lab.ticks(3));
       for (int i = 0; i < 3; ++i) {
         lab.pass(2);
         same(renew(lab, term, lab.ticks(3)), true, "renew");
       }
       same(campaign(lab, "b", kLong).number, term, "the number of the term");
     }},
    {"leader.renew_may_shorten", "A renewed term lasts from now, also when that is less than was left.", 0,
     kLeadershipCap,
     [](Lab& lab) {
       const std::uint64_t term = won(lab, "a", kLong);
       same(renew(lab, term, lab.ticks(1)), true, "renew");
       lab.pass(2);
       nobody(lab, term);
     }},
    {"leader.lapsed_term_is_over", "A term that was not renewed in time is over and does not come back.", 0,
     kLeadershipCap,
     [](Lab& lab) {
       const std::uint64_t term = won(lab, "a", lab.ticks(2));
       lab.pass(3);
       nobody(lab, term);
       same(renew(lab, term, kLong), false, "renew of a term that lapsed");
       same(resign(lab, term), false, "resign of a term that lapsed");
       nobody(lab, term);
     }},
    {"leader.next_term_is_higher", "Whoever leads later has a higher number, the same candidate as well.", 0,
     kLeadershipCap,
     [](Lab& lab) {
       std::uint64_t last = 0;
       for (const char* candidate : {"a", "b", "b", "a"}) {
         const std::uint64_t term = won(lab, candidate, lab.ticks(1));
         holds(term > last, "a term above " + text(last) + ", seen " + text(term));
         last = term;
         lab.pass(2);
       }
     }},
    {"leader.stale_leader_changes_nothing", "Who led before cannot renew or resign the term of who leads now.", 0,
     kLeadershipCap,
     [](Lab& lab) {
       const std::uint64_t old = won(lab, "a", lab.ticks(1));
       lab.pass(2);
       const std::uint64_t term = won(lab, "b", kLong);
       for (std::uint64_t stale : {old, std::uint64_t{0}, term + 1, std::uint64_t{INT64_MAX}, UINT64_MAX}) {
         same(renew(lab, stale, lab.ticks(1)), false, "renew of term " + text(stale));
         same(resign(lab, stale), false, "resign of term " + text(stale));
       }
       lab.pass(2);
       same(look(lab).leader, "b", "the leader");
     }},
    {"leader.resigned_term_is_over", "A term that is resigned is over at once, and only once.", 0, kLeadershipCap,
     [](Lab& lab) {
       const std::uint64_t term = won(lab, "a", kLong);
       same(resign(lab, term), true, "resign");
       nobody(lab, term);
       same(resign(lab, term), false, "resign again");
       same(renew(lab, term, kLong), false, "renew of a term that was resigned");
       holds(won(lab, "b", kLong) > term, "a higher term");
     }},
    {"leader.names_are_apart", "Each name has a leader of its own.", 0, kLeadershipCap,
     [](Lab& lab) {
       const std::uint64_t one = won(lab, "a", kLong, "one"), two = won(lab, "b", kLong, "two");
       same(resign(lab, one, "one"), true, "resign");
       nobody(lab, one, "one");
       same(look(lab, "two").number, two, "the term of the other name");
     }},
    {"leader.looking_is_no_campaign", "Asking who leads makes nobody the leader.", 0, kLeadershipCap,
     [](Lab& lab) {
       nobody(lab, 0);
       won(lab, "a", kLong);
     }},
    {"leader.bad_words_are_invalid", "A bad name, a bad candidate or a time to live below 1 ms is Errc::invalid.", 0,
     kLeadershipCap,
     [](Lab& lab) {
       auto& cap = lab.cap<Leadership>();
       for (const std::string& name :
            {std::string(), std::string("a b"), std::string("a\0", 2), std::string(129, 'n')}) {
         fails(cap.campaign(name, "a", kLong), Errc::invalid, "campaign for a bad name");
         fails(cap.renew(name, 1, kLong), Errc::invalid, "renew of a bad name");
         fails(cap.resign(name, 1), Errc::invalid, "resign of a bad name");
         fails(cap.term(name), Errc::invalid, "term of a bad name");
       }
       fails(cap.campaign("n", "", kLong), Errc::invalid, "campaign without a candidate");
       fails(cap.campaign("n", std::string(256, 'c'), kLong), Errc::invalid, "campaign of a long candidate");
       for (Millis ttl : {Millis(0), Millis(-1), Millis::min()}) {
         fails(cap.campaign("n", "a", ttl), Errc::invalid, "campaign for no time");
         fails(cap.renew("n", 1, ttl), Errc::invalid, "renew for no time");
       }
       nobody(lab, 0);
     }},
    {"leader.any_octets_are_a_candidate", "A candidate is any octets, 255 at the most.", 0, kLeadershipCap,
     [](Lab& lab) {
       for (const std::string& who : {std::string("a\0b\n\xff", 5), std::string(255, 'c')}) {
         const Term t = must(lab.cap<Leadership>().campaign("n", who, kLong), "campaign");
         same(t.leader, who, "the leader");
         same(resign(lab, t.number), true, "resign");
       }
     }},
    {"leader.longest_term_is_taken", "A time to live may be as long as it can be said.", 0, kLeadershipCap,
     [](Lab& lab) {
       const std::uint64_t term = won(lab, "a", Millis::max());
       same(renew(lab, term, Millis::max()), true, "renew");
       lab.pass(3);
       same(campaign(lab, "b", kLong).leader, "a", "the leader");
     }},
    {"leader.wall_clock_does_not_matter",
     "Setting the wall clock neither ends a term nor prolongs it, and numbers rise.", 0, kLeadershipCap,
     [](Lab& lab) {
       lab.need(bool(lab.harness().jump_wall), "a wall clock that can be set");
       std::uint64_t last = won(lab, "a", lab.ticks(3));
       for (Millis by : {Millis(std::chrono::hours(100)), Millis(-std::chrono::hours(200))}) {
         lab.harness().jump_wall(by);
         same(campaign(lab, "b", kLong).leader, "a", "the leader");
         lab.pass(4);
         const std::uint64_t term = won(lab, "a", lab.ticks(3));
         holds(term > last, "a higher term");
         last = term;
       }
     }},
    {"leader.outlives_its_object", "Who leads, and the numbers, are there for whoever opens the store next.", 0,
     kLeadershipCap,
     [](Lab& lab) {
       lab.need(lab.harness().survives_reopen, "a store that outlives its objects");
       const std::uint64_t term = won(lab, "a", kLong);
       lab.reopen();
       same(campaign(lab, "b", kLong).number, term, "the number of the term");
       same(resign(lab, term), true, "resign");
       lab.reopen();
       holds(won(lab, "b", kLong) > term, "a higher term");
     }},
    {"leader.one_of_many_wins", "Of candidates that try at once, one leads, and all are told the same.", 0,
     kLeadershipCap,
     [](Lab& lab) {
       auto& cap = lab.cap<Leadership>();
       std::uint64_t last = 0;
       for (int round = 0; round < lab.harness().rounds; ++round) {
         std::vector<Term> seen(static_cast<std::size_t>(lab.harness().threads));
         together(lab.harness().threads, [&](int i) {
           seen[static_cast<std::size_t>(i)] = must(cap.campaign("n", "c" + std::to_string(i), kLong), "campaign");
         });
         for (const Term& t : seen) {
           same(t.leader, seen[0].leader, "the leader");
           same(t.number, seen[0].number, "the number of the term");
         }
         holds(seen[0].number > last, "a higher term");
         last = seen[0].number;
         same(resign(lab, last), true, "resign");
       }
     }},
    {"leader.shared_by_all", "All objects on a store see the same leader.", 0, kLeadershipCap,
     [](Lab& lab) {
       auto other = lab.another();
       auto* cap = query<Leadership>(*other);
       holds(cap != nullptr, "the capability of the other object");
       const std::uint64_t term = won(lab, "a", kLong);
       same(must(cap->campaign("n", "b", kLong), "campaign").leader, "a", "the leader");
       same(must(cap->renew("n", term, lab.ticks(1)), "renew"), true, "renew by the other object");
       lab.pass(2);
       holds(must(cap->campaign("n", "b", kLong), "campaign").number > term, "a higher term");
       same(renew(lab, term, kLong), false, "renew of the former leader");
     }},
};

}  // namespace

Promises leadership() { return kLeadershipPromises; }

}  // namespace penstock::conformance::areas
