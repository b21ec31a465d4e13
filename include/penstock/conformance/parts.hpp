// The conformance kit of all that is no backend: codecs, transforms, limiters, tracers and modules of
// handlers. Their promises are those of penstock/plugin/<kind>.hpp.
//
//   auto report = penstock::conformance::run("codec", [] { return open_my_codec(); });
//   for (const auto& o : report.broken()) puts(penstock::conformance::line(o).c_str());
//
// What a limiter counts and what a tracer writes is theirs: here is only what the core relies on.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include <penstock/conformance/report.hpp>
#include <penstock/plugin/interface.hpp>

namespace penstock::conformance {

// Makes a new object of the component. May throw: that breaks the promise being checked.
using Opener = std::function<std::unique_ptr<Interface>()>;

struct Part {
  const char* name;  // "codec.values_come_back": area, dot, claim; stable once published
  const char* text;  // the promise in one sentence
  void (*check)(const Opener&);
};

// The promises of a kind: "codec" (value codecs and transforms), "limiter", "tracer", "handlers". None for
// others; a backend's are in penstock/conformance/backend.hpp.
std::span<const Part> parts(std::string_view kind);

// Checks one promise. Does not throw: whatever a check throws is its verdict.
Outcome run(const Part&, const Opener&);

// Checks all promises of a kind.
Report run(std::string_view kind, const Opener&);

}  // namespace penstock::conformance
