// Tracers: spans that join across processes by W3C trace contexts.
#include <set>

#include <penstock/plugin/tracer.hpp>

#include "conformance/parts/areas.hpp"

namespace penstock::conformance::areas {
namespace {

constexpr std::string_view kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

bool hex(std::string_view s) { return s.find_first_not_of("0123456789abcdef") == std::string_view::npos; }
bool zero(std::string_view s) { return s.find_first_not_of('0') == std::string_view::npos; }

// version "-" trace-id "-" parent-id "-" flags, as w3.org/TR/trace-context has it.
bool well_formed(std::string_view s) {
  if (s.size() != 55 || s[2] != '-' || s[35] != '-' || s[52] != '-') return false;
  const std::string_view trace = s.substr(3, 32), span = s.substr(36, 16);
  return s.substr(0, 2) == "00" && hex(trace) && hex(span) && hex(s.substr(53)) && !zero(trace) && !zero(span);
}

std::uint64_t start(Tracer& tracer, std::string_view parent = {}) {
  return tracer.start({.name = "attempt",
                       .kind = "greet",
                       .queue = "default",
                       .task = "01890a5d-ac96-774b-bcce-b302099a8057",
                       .attempt = 1,
                       .parent = parent});
}

// The span's context; the verdict is `unsupported` for a tracer that hands none on.
std::string context(Tracer& tracer, std::uint64_t span) {
  std::string out = tracer.inject(span);
  if (out.empty()) throw Unsupported{"it hands no trace context on"};
  return out;
}

constexpr Part kTracers[] = {
    {"tracer.spans_begin_and_end", "Spans begin and end, with and without an error, and unknown ones are ignored.",
     [](const Opener& open) {
       auto tracer = opened<Tracer>(open);
       for (int i = 0; i < 100; ++i) {
         const std::uint64_t span = start(*tracer);
         tracer->end(span, {i % 2 ? "done" : "retry", i % 2 ? "" : "no luck"});
         tracer->end(span, {"done", ""});
       }
       tracer->end(0, {"done", ""});
       tracer->end(UINT64_MAX, {"done", ""});
       same(tracer->inject(0), "", "the context of no span");
     }},
    {"tracer.context_is_well_formed", "The context that children carry is a W3C traceparent.",
     [](const Opener& open) {
       auto tracer = opened<Tracer>(open);
       std::set<std::string> seen;
       for (int i = 0; i < 100; ++i) {
         const std::uint64_t span = start(*tracer);
         const std::string said = context(*tracer, span);
         holds(well_formed(said), "a traceparent, not " + text(said));
         holds(seen.insert(said).second, "a context of its own for each span");
         tracer->end(span, {"done", ""});
       }
     }},
    {"tracer.children_join_the_trace", "A span with a parent is of the parent's trace.",
     [](const Opener& open) {
       auto tracer = opened<Tracer>(open);
       const std::uint64_t span = start(*tracer, kParent);
       const std::string said = context(*tracer, span);
       same(said.substr(3, 32), std::string(kParent.substr(3, 32)), "the trace");
       holds(said.substr(36, 16) != kParent.substr(36, 16), "a span id that is not the parent's");
       tracer->end(span, {"done", ""});
     }},
    {"tracer.broken_parents_start_a_trace", "A parent that is no traceparent does no harm.",
     [](const Opener& open) {
       auto tracer = opened<Tracer>(open);
       Random random(3);
       for (int i = 0; i < 1000; ++i) {
         const std::string parent = hurt(random, std::string(kParent));
         const std::uint64_t span = start(*tracer, parent);
         const std::string said = tracer->inject(span);
         holds(said.empty() || well_formed(said), "a traceparent after the parent " + text(parent));
         tracer->end(span, {"done", ""});
       }
     }},
    {"tracer.many_threads_at_once", "One object serves many threads at once, and a span may end on another thread.",
     [](const Opener& open) {
       auto tracer = opened<Tracer>(open);
       std::uint64_t spans[4] = {};
       together(4, [&](int n) {
         for (int i = 0; i < 200; ++i) tracer->end(start(*tracer, tracer->inject(start(*tracer))), {"done", ""});
         spans[n] = start(*tracer);
       });
       together(4, [&](int n) { tracer->end(spans[3 - n], {"done", ""}); });
     }},
};

}  // namespace

std::span<const Part> tracers() { return kTracers; }

}  // namespace penstock::conformance::areas
