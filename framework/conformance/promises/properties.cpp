// What a backend says of itself.
#include <algorithm>

#include "conformance/capabilities.hpp"
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

constexpr std::uint32_t kAllFeatures = 2 * kStrictOrder - 1;

// One enqueue that uses a feature, whether or not it is listed.
void refused(Lab& lab, Feature feature, const NewTask& task, const Guard* guard, const char* what) {
  if (lab.properties().features & feature) return;
  const std::string before = lab.dump();
  fails(lab.store().enqueue(std::span(&task, 1), guard), Errc::unsupported, what);
  lab.unchanged(before, what);
  holds(!lab.get(task.key), std::string(what) + " leaves no task behind");
}

constexpr Promise kPropertiesPromises[] = {
    {"properties.size_is_filled_in", "The size field holds the size of the structure, so that later hosts can read it.",
     0, nullptr, [](Lab& lab) { same(lab.properties().size, sizeof(Properties), "size"); }},

    {"properties.limits_are_usable", "Batches, exchanges in flight, bodies and time steps have limits of at least one.",
     0, nullptr,
     [](Lab& lab) {
       const Properties& p = lab.properties();
       holds(p.max_batch >= 1, "max_batch of at least 1");
       holds(p.in_flight >= 1, "in_flight of at least 1");
       holds(p.max_body >= 1, "max_body of at least 1");
       holds(p.time_step >= Millis(1), "time_step of at least 1 ms");
       holds(p.remembers_ids >= Millis(0), "remembers_ids that is not negative");
     }},

    {"properties.durability_is_a_known_word", "The durability is memory, process, power or failover.", 0, nullptr,
     [](Lab& lab) {
       holds(lab.properties().durability != nullptr, "a durability");
       const std::string_view word = lab.properties().durability;
       holds(word == "memory" || word == "process" || word == "power" || word == "failover",
             "a known durability, not " + text(word));
     }},

    {"properties.only_known_features", "No bit is set that stands for no feature.", 0, nullptr,
     [](Lab& lab) { same(lab.properties().features & ~kAllFeatures, 0u, "unknown feature bits"); }},

    {"properties.never_change", "The properties are the same for the object's whole life.", 0, nullptr,
     [](Lab& lab) {
       const Properties was = lab.properties();
       lab.ended(State::dead, kKeepForever);
       const Properties now = lab.store().properties();
       same(now.features, was.features, "features");
       same(now.max_batch, was.max_batch, "max_batch");
       same(now.max_body, was.max_body, "max_body");
       holds(was.durability && now.durability, "a durability, before and after");
       same(std::string_view(now.durability), std::string_view(was.durability), "durability");
       same(now.remembers_ids, was.remembers_ids, "remembers_ids");
       same(now.time_step, was.time_step, "time_step");
     }},

    {"properties.unlisted_features_are_refused",
     "Using a feature that is not listed is Errc::unsupported and changes nothing.", 0, nullptr,
     [](Lab& lab) {
       const TaskKey first = lab.put();
       const std::string_view gate = "gate";
       const Guard guard{"document", 0, "value"};
       NewTask t = lab.task();
       t.unique = "u";
       refused(lab, kUnique, t, nullptr, "an enqueue with a unique key");
       t = lab.task(), t.fair = "f";
       refused(lab, kFair, t, nullptr, "an enqueue with a fair key");
       t = lab.task(), t.gates = std::span(&gate, 1);
       refused(lab, kGates, t, nullptr, "an enqueue with gates");
       t = lab.task(), t.after = std::span(&first, 1);
       refused(lab, kAfter, t, nullptr, "an enqueue after another task");
       t = lab.task(), t.queue_limit = 100;
       refused(lab, kLimit, t, nullptr, "an enqueue with a queue limit");
       refused(lab, kGuard, lab.task(), &guard, "a guarded enqueue");
     }},

    {"properties.unlisted_children_are_refused",
     "A settlement with children is Errc::unsupported and changes nothing when kChildren is not listed.", 0, nullptr,
     [](Lab& lab) {
       lab.need(!(lab.properties().features & kChildren), "a backend without kChildren");
       const Leased t = lab.leased();
       const NewTask child = lab.task();
       Settlement s = lab.say(t, State::succeeded);
       s.children = std::span(&child, 1);
       const std::string before = lab.dump();
       Exchange e;
       e.settle = std::span(&s, 1);
       e.lease = kLong;
       fails(lab.store().exchange(e), Errc::unsupported, "a settlement with children");
       lab.unchanged(before, "a refused settlement");
     }},

    {"properties.unknown_capability_is_null", "Asking for a capability that does not exist gives null.", 0, nullptr,
     [](Lab& lab) {
       for (std::string_view id :
            {"", "penstock.backend.nonesuch/1", "penstock.backend.waiter", "penstock.backend.waiter/99"})
         holds(lab.store().query(id) == nullptr, "null for query(" + text(id) + ")");
     }},

    {"properties.capabilities_match_the_descriptor",
     "query() answers exactly the capabilities that the descriptor lists.", 0, nullptr,
     [](Lab& lab) {
       lab.need(lab.harness().capabilities.has_value(), "the descriptor's list");
       const auto& listed = *lab.harness().capabilities;
       for (std::string_view id : kBackendCapabilities) {
         const bool is_listed = std::find(listed.begin(), listed.end(), id) != listed.end();
         same(lab.store().query(id) != nullptr, is_listed, "whether query(" + text(id) + ") answers");
       }
       for (const std::string& id : listed) {
         holds(lab.store().query(id) != nullptr, "an answer to query(" + text(id) + ")");
         const bool known = std::ranges::find(kBackendCapabilities, id) != std::end(kBackendCapabilities);
         holds(known || id.rfind("penstock.", 0) != 0,
               "no unknown name in the penstock. namespace, such as " + text(id));
       }
     }},

    {"properties.diagnosis_is_of_lines",
     "A store tells of itself in lines that have a name and a value, and is the same afterwards.", 0, kDiagnosisCap,
     [](Lab& lab) {
       lab.put(1);
       const std::string before = lab.dump();
       const auto findings = must(lab.cap<Diagnosis>().diagnose(), "a diagnosis");
       holds(!findings.empty(), "something to be told");
       for (const Finding& f : findings) {
         holds(!f.what.empty() && !f.value.empty(), "a name and a value of finding " + text(f.what));
         holds((f.what + f.value + f.risk).find('\n') == std::string::npos, "one line of finding " + text(f.what));
       }
       lab.unchanged(before, "a diagnosis");
     }},

    {"properties.an_audit_of_a_sound_store_finds_nothing",
     "An audit looks at all tasks that are kept, finds nothing wrong, and leaves the store as it was.", 0, kAuditCap,
     [](Lab& lab) {
       lab.put(3);
       lab.put("r");
       lab.leased("s");
       lab.ended(State::dead, kKeepForever, "t");
       lab.ended(State::succeeded, Millis(0), "t");
       const std::string before = lab.dump();
       const Audited seen = must(lab.cap<Audit>().audit(10), "an audit");
       same(seen.tasks, 6u, "the tasks that the audit saw");
       same(seen.broken, 0u, "violations");
       same(seen.violations.size(), 0u, "violations named");
       lab.unchanged(before, "an audit");
     }},
};

}  // namespace

Promises properties() { return kPropertiesPromises; }

}  // namespace penstock::conformance::areas
