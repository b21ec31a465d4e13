#include "model/regressions.hpp"

namespace penstock::model {

std::vector<Regression> regressions() {
  return {
      {"a settlement of an id that nobody sent",
       {
           {.verb = Verb::exchange, .settle = {{.of = {.stranger = true}}}},
       }},
      {"a batch of which one task was taken when it lapsed",
       {
           {.verb = Verb::enqueue, .jobs = {{}, {}}},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 2, .lease = 10},
           {.verb = Verb::advance, .time = 10},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 1, .lease = 10},
           {.verb = Verb::exchange, .extend = {1, 0}, .lease = 10},
       }},
  };
}

}  // namespace penstock::model
