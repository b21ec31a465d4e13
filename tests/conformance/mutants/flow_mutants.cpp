#include <algorithm>
#include <cmath>

#include "conformance/mutants/faulty.hpp"
#include "conformance/mutants/mutants.hpp"

namespace penstock::conformance {

namespace {

void lengthen(Millis& time) {
  if (time > Millis(0) && time < std::chrono::hours(1)) time *= 2;
}

const Mutant kFlowMutants[] = {
    // Unique keys
    {"lets two tasks hold one unique key", [](Faults& f) { f.task = [](NewTask& t) { t.unique = {}; }; }},
    {"frees a key when its task is claimed",
     [](Faults& f) { f.task = [](NewTask& t) { t.unique_while = Unique::waiting; }; }},
    {"holds every key until the end", [](Faults& f) { f.task = [](NewTask& t) { t.unique_while = Unique::live; }; }},
    {"never frees a key",
     [](Faults& f) {
       f.task = [](NewTask& t) { t.unique_for = t.unique_for < Millis(0) ? t.unique_for : Millis::max(); };
     }},
    {"forgets for how long a key is to be kept",
     [](Faults& f) { f.task = [](NewTask& t) { t.unique_for = std::min(t.unique_for, Millis(0)); }; }},
    {"takes a negative unique_for for none",
     [](Faults& f) { f.task = [](NewTask& t) { t.unique_for = std::max(t.unique_for, Millis(0)); }; }},
    {"keeps a key twice as long", [](Faults& f) { f.task = [](NewTask& t) { lengthen(t.unique_for); }; }},
    {"replaces nobody", [](Faults& f) { f.task = [](NewTask& t) { t.replace = false; }; }},
    {"replaces unasked", [](Faults& f) { f.task = [](NewTask& t) { t.replace = true; }; }},
    {"names the task sent as the holder",
     [](Faults& f) { f.admitted = [](const NewTask& t, Admission& a) { a.id = t.key.id; }; }},
    {"takes a taken key for a full queue",
     [](Faults& f) {
       f.admitted = [](const NewTask& t, Admission& a) {
         if (a.what == Item::conflict && a.id != t.key.id) a.what = Item::full;
       };
     }},
    {"cuts unique keys at the first NUL",
     [](Faults& f) { f.task = [](NewTask& t) { t.unique = t.unique.substr(0, t.unique.find('\0')); }; }},
    {"cuts long unique keys", [](Faults& f) { f.task = [](NewTask& t) { t.unique = t.unique.substr(0, kMaxKey); }; }},
    {"hides unique keys",
     [](Faults& f) {
       f.record = [](std::optional<Record>& r) {
         if (r) r->unique = {};
       };
     }},

    // Turns
    {"knows no fair keys", [](Faults& f) { f.task = [](NewTask& t) { t.fair = {}; }; }},
    {"has one fair key for all that have one",
     [](Faults& f) {
       f.task = [](NewTask& t) {
         if (!t.fair.empty() && t.fair.size() <= kMaxKey) t.fair = "k";
       };
     }},
    {"gives tasks without a key a key of their own kind",
     [](Faults& f) {
       f.task = [](NewTask& t) {
         if (t.fair.empty()) t.fair = t.kind;
       };
     }},
    {"cuts fair keys at the first NUL",
     [](Faults& f) { f.task = [](NewTask& t) { t.fair = t.fair.substr(0, t.fair.find('\0')); }; }},
    {"cuts long fair keys", [](Faults& f) { f.task = [](NewTask& t) { t.fair = t.fair.substr(0, kMaxKey); }; }},
    {"hides fair keys",
     [](Faults& f) {
       f.record = [](std::optional<Record>& r) {
         if (r) r->fair = {};
       };
     }},

    // Gates and slots
    {"knows no gates", [](Faults& f) { f.task = [](NewTask& t) { t.gates = {}; }; }},
    {"looks at the first gate only",
     [](Faults& f) {
       f.task = [](NewTask& t) {
         t.gates = t.gates.size() <= kMaxGates ? t.gates.first(std::min<std::size_t>(t.gates.size(), 1)) : t.gates;
       };
     }},
    {"looks at eight gates of nine",
     [](Faults& f) { f.task = [](NewTask& t) { t.gates = t.gates.first(std::min(t.gates.size(), kMaxGates)); }; }},
    {"hides the gates of a task",
     [](Faults& f) {
       f.record = [](std::optional<Record>& r) {
         if (r) r->gates = {};
       };
     }},
    {"limits nobody", [](Faults& f) { f.limit = [](Layer&, Limit& l) { l.running = -1; }; }},
    {"lets one too many through", [](Faults& f) { f.limit = [](Layer&, Limit& l) { l.running += l.running > 0; }; }},
    {"takes a limit of 0 for none",
     [](Faults& f) { f.limit = [](Layer&, Limit& l) { l.running = l.running == 0 ? -1 : l.running; }; }},
    {"has one layer of limits", [](Faults& f) { f.limit = [](Layer& layer, Limit&) { layer = Layer::declared; }; }},
    {"lets programs overrule operators",
     [](Faults& f) {
       f.limit = [](Layer& layer, Limit&) { layer = layer == Layer::declared ? Layer::operator_ : Layer::declared; };
     }},
    {"mends limits that are no numbers",
     [](Faults& f) { f.limit = [](Layer&, Limit& l) { l.per_second = l.per_second >= 0 ? l.per_second : 0; }; }},
    {"mends limits without a burst",
     [](Faults& f) { f.limit = [](Layer&, Limit& l) { l.burst = std::max(l.burst, 1u); }; }},
    {"leases ahead as much as there is", [](Faults& f) { f.exchange = [](Exchange& e) { e.ahead = 0; }; }},
    {"takes every claim for one ahead", [](Faults& f) { f.exchange = [](Exchange& e) { e.ahead = e.limit; }; }},
    {"lists no holders of slots",
     [](Faults& f) {
       f.gates = [](auto& all) {
         for (GateState& g : all) g.leased = 0;
       };
     }},
    {"lists nobody who waits",
     [](Faults& f) {
       f.gates = [](auto& all) {
         for (GateState& g : all) g.waiting = 0;
       };
     }},
    {"lists gates in any order", [](Faults& f) { f.gates = [](auto& all) { std::reverse(all.begin(), all.end()); }; }},
    {"lists one layer of limits",
     [](Faults& f) {
       f.gates = [](auto& all) {
         for (GateState& g : all) g.by_operator.reset();
       };
     }},
    {"denies its gates", [](Faults& f) { f.hidden = Gates::kId; }},

    // Rates
    {"takes an endless rate for none",
     [](Faults& f) { f.limit = [](Layer&, Limit& l) { l.per_second = std::isinf(l.per_second) ? 0 : l.per_second; }; }},
    {"gives tokens twice as fast", [](Faults& f) { f.limit = [](Layer&, Limit& l) { l.per_second *= 2; }; }},
    {"gives tokens at half the rate", [](Faults& f) { f.limit = [](Layer&, Limit& l) { l.per_second /= 2; }; }},
    {"has no rates", [](Faults& f) { f.limit = [](Layer&, Limit& l) { l.per_second = std::min(l.per_second, 0.0); }; }},
    {"keeps one token too many",
     [](Faults& f) { f.limit = [](Layer&, Limit& l) { l.burst += l.burst > 0 && l.burst < UINT32_MAX; }; }},
    {"keeps one token at most", [](Faults& f) { f.limit = [](Layer&, Limit& l) { l.burst = std::min(l.burst, 1u); }; }},
    {"gives no tokens back", [](Faults& f) { f.settlement = [](Settlement& s, auto&) { s.unstarted = false; }; }},
    {"gives the tokens of every retry back",
     [](Faults& f) { f.settlement = [](Settlement& s, auto&) { s.unstarted = true; }; }},

    // Holds
    {"holds nothing",
     [](Faults& f) { f.hold = [](auto&, Millis& at_most) { at_most = std::min(at_most, Millis(0)); }; }},
    {"holds for ever",
     [](Faults& f) {
       f.hold = [](auto&, Millis& at_most) { at_most = at_most > Millis(0) ? kHoldForever : at_most; };
     }},
    {"holds twice as long", [](Faults& f) { f.hold = [](auto&, Millis& at_most) { lengthen(at_most); }; }},
    {"opens no gate that is held",
     [](Faults& f) { f.hold = [](auto&, Millis& at_most) { at_most = at_most == Millis(0) ? Millis(1) : at_most; }; }},
    {"takes a negative hold for none",
     [](Faults& f) { f.hold = [](auto&, Millis& at_most) { at_most = std::max(at_most, Millis(0)); }; }},
    {"holds the whole queue for one gate",
     [](Faults& f) { f.hold = [](std::string_view& gate, Millis&) { gate = {}; }; }},
    {"does not list holds",
     [](Faults& f) {
       f.gates = [](auto& all) { std::erase_if(all, [](const GateState& g) { return g.held.has_value(); }); };
     }},
};

}  // namespace

std::span<const Mutant> flow_mutants() { return kFlowMutants; }

}  // namespace penstock::conformance
