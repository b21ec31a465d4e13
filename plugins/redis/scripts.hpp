// The scripts of this plugin; lua/ has their texts, and at the top of each what it takes and answers.
#pragma once

#include "script.hpp"

namespace penstock::redis {

struct Scripts {
  Scripts();
  const Script enqueue, exchange, cancel, get, counts, trim, list, move, gate, gates, all, document, leader, rights, audit;
};

}  // namespace penstock::redis
