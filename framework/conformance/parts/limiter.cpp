// Limiters: what the core relies on, whatever their rules are.
#include <penstock/plugin/limiter.hpp>

#include "conformance/parts/areas.hpp"

namespace penstock::conformance::areas {
namespace {

constexpr std::string_view kNobodys = "conformance:nobody-has-a-rule-for-this";

std::vector<std::string> keys() {
  return {"process",
          "queue:default",
          "handler:greet",
          "queue:",
          "handler:",
          "",
          std::string(kNobodys),
          std::string(300, 'k'),
          std::string("a\0b\n\xff", 5)};
}

Grant acquire(Limiter& limiter, std::string_view key, std::uint32_t count, Here here = Here::now()) {
  const Grant grant = must(limiter.acquire(key, count), "acquire", here);
  holds(grant.granted <= count, "no more granted than asked for", here);
  if (grant.granted < count) holds(grant.retry_in > Millis(0), "a time to wait above 0 when the grant is short", here);
  return grant;
}

constexpr Part kLimiters[] = {
    {"limiter.grants_are_sound", "At most what was asked for is granted; when it is less, a time to wait is named.",
     [](const Opener& open) {
       auto limiter = opened<Limiter>(open);
       for (const std::string& key : keys()) {
         for (std::uint32_t count : {0u, 1u, 2u, 100u, 1'000'000u}) {
           const Grant grant = acquire(*limiter, key, count);
           limiter->refund(key, grant.granted);
         }
       }
     }},
    {"limiter.other_keys_are_free", "A key that no rule is about is not limited.",
     [](const Opener& open) {
       auto limiter = opened<Limiter>(open);
       for (int i = 0; i < 1000; ++i)
         same(acquire(*limiter, kNobodys, 1).granted, 1u, "tokens of a key without a rule");
     }},
    {"limiter.refunds_come_back", "What is given back can be had again.",
     [](const Opener& open) {
       auto limiter = opened<Limiter>(open);
       int taken = 0;
       while (taken < 100'000 && acquire(*limiter, "process", 1).granted == 1) ++taken;
       if (taken == 100'000) throw Unsupported{"needs settings that limit `process`"};
       if (taken == 0) throw Unsupported{"needs settings that let a task start"};
       limiter->refund("process", 1);
       same(acquire(*limiter, "process", 1).granted, 1u, "tokens after one was given back");
     }},
    {"limiter.many_threads_at_once", "One object serves many threads at once.",
     [](const Opener& open) {
       auto limiter = opened<Limiter>(open);
       together(4, [&](int) {
         for (int i = 0; i < 1000; ++i) limiter->refund("process", acquire(*limiter, "process", 3).granted);
       });
     }},
};

}  // namespace

std::span<const Part> limiters() { return kLimiters; }

}  // namespace penstock::conformance::areas
