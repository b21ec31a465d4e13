// The middleware around an attempt, composed once.
#pragma once

#include <vector>

#include <penstock/handler.hpp>
#include <penstock/middleware.hpp>

namespace penstock::execution {

// Runs `innermost` inside every middleware, the first one outermost. What middleware throws becomes
// `retry` with its text.
template <class Innermost>
Outcome run_chain(const std::vector<Middleware>& chain, Context& ctx, Innermost&& innermost) noexcept {
  if (chain.empty()) return innermost(ctx);
  return impl::run_guarded([&]() -> Outcome {
    // Level i calls middleware i with a `next` that enters level i + 1.
    struct Level {
      const std::vector<Middleware>& chain;
      std::remove_reference_t<Innermost>& innermost;
      Outcome enter(std::size_t i, Context& c) {
        if (i == chain.size()) return innermost(c);
        return chain[i](c, [this, i](Context& inner) { return enter(i + 1, inner); });
      }
    };
    return Level{chain, innermost}.enter(0, ctx);
  });
}

}  // namespace penstock::execution
