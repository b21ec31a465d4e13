// How the tasks of the load are enqueued and run.
#pragma once

#include <penstock/penstock.hpp>

#include "torture/redis/load.hpp"

namespace penstock::torture {

inline constexpr Policy kLoadPolicy{.kind = "work", .retries = 1'000, .backoff = Millis(1), .backoff_cap = Millis(20)};

inline penstock::Options load_options(const RedisPlace& place) {
  penstock::Options o;
  o.log_level = Level::error;
  o.backend = place.choice();
  o.plugins = {penstock_plugin_0_redis};
  return o;
}

}  // namespace penstock::torture
