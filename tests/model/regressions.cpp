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
      {"tasks without a key were there before the first key",
       {
           {.verb = Verb::enqueue, .jobs = {{}}},
           {.verb = Verb::enqueue, .jobs = {{.fair = 1}}},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 1, .lease = 10},
       }},
      {"a flow that is not the best of its key keeps another key out of a gate",
       {
           {.verb = Verb::limit, .gate = 1, .running = 2},
           {.verb = Verb::enqueue, .jobs = {{.gates = 1}, {.fair = 1}, {.fair = 1, .gates = 1}, {.gates = 1}}},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 3, .lease = 1},
       }},
      {"the same, where the best came later and the gate has a rate",
       {
           {.verb = Verb::limit, .gate = 1, .rate = 100},
           {.verb = Verb::enqueue, .jobs = {{.fair = 1, .gates = 3}}},
           {.verb = Verb::enqueue, .jobs = {{.priority = INT32_MIN, .fair = 1}}},
           {.verb = Verb::enqueue, .jobs = {{.gates = 3}}},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 2, .lease = 1},
       }},
      {"the key of one replaced is kept for its time",
       {
           {.verb = Verb::enqueue,
            .jobs = {{.unique = 1, .time = 10}, {.unique = 1, .waiting = true, .replace = true}}},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 1, .lease = 1},
           {.verb = Verb::enqueue, .jobs = {{.unique = 1}}},
       }},
      {"who held a key once is not replaced when it waits again",
       {
           {.verb = Verb::enqueue, .jobs = {{.unique = 1, .time = 10, .waiting = true}}},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 1, .lease = 100},
           {.verb = Verb::exchange, .settle = {{.to = 2}}, .lease = 20},
           {.verb = Verb::enqueue, .jobs = {{.unique = 1, .replace = true}}},
       }},
      {"a child does not replace its parent",
       {
           {.verb = Verb::enqueue, .jobs = {{.unique = 1}}},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 1, .lease = 10},
           {.verb = Verb::exchange, .settle = {{.to = 2, .children = {{.unique = 1, .replace = true}}}}, .lease = 10},
       }},
      {"a queue that is held has a task scheduled",
       {
           {.verb = Verb::enqueue, .jobs = {{.delay = 10}}},
           {.verb = Verb::hold, .time = 10},
           {.verb = Verb::exchange, .claim = {{}}, .lease = 100},
       }},
      {"a queue that is held and full has a task leased",
       {
           {.verb = Verb::limit, .running = 1},
           {.verb = Verb::enqueue, .jobs = {{}}},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 1, .lease = 20},
           {.verb = Verb::hold, .time = 20},
           {.verb = Verb::exchange, .claim = {{}}, .lease = 10},
       }},
      {"a queue that is held and has no token has a task leased",
       {
           {.verb = Verb::limit, .rate = 50},
           {.verb = Verb::enqueue, .jobs = {{}}},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 1, .lease = 10},
           {.verb = Verb::hold, .time = 1},
           {.verb = Verb::exchange, .claim = {{}}, .lease = 10},
       }},
      {"nothing is claimable at the half of a queue but what is held",
       {
           {.verb = Verb::limit, .running = 2},
           {.verb = Verb::enqueue, .jobs = {{}}},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 1, .lease = 100},
           {.verb = Verb::enqueue, .jobs = {{.gates = 1}}},
           {.verb = Verb::hold, .time = 20, .gate = 1},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 1, .lease = 100, .ahead = 50},
       }},
      {"the only key of a queue is served, and a task without one has come meanwhile",
       {
           {.verb = Verb::enqueue, .jobs = {{.fair = 1}, {.fair = 1}}},
           {.verb = Verb::exchange, .claim = {{}}, .limit = 1, .lease = 10},
           {.verb = Verb::exchange, .settle = {{.children = {{}}}}, .claim = {{}}, .limit = 1, .lease = 1},
       }},
  };
}

}  // namespace penstock::model
