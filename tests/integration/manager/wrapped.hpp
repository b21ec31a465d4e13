// The backend "wrapped": memory, with the test in between.
#pragma once

#include <functional>
#include <memory>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/plugin.hpp>

#include "fixture.hpp"

enum class Call : std::uint8_t { exchange, enqueue, cancel, get, counts, trim, wait, list, put };

// What the test does with each exchange; called on the thread that sends it, before it reaches the store
// (and in place of it, when it returns an error), and after.
struct Between {
  std::function<penstock::Result<void>(const penstock::Exchange&)> before;
  std::function<void(const penstock::Exchange&, penstock::Result<penstock::Exchanged>&)> after;
  // In place of the answer when it returns an error.
  std::function<penstock::Result<void>(std::span<const penstock::NewTask>)> after_enqueue;
  // True: the server of this queue is away, for one item. It is answered unknown, and does not reach the store.
  std::function<bool(std::string_view queue)> away;
  std::function<void()> after_counts, after_trim;
  std::function<penstock::Result<void>()> before_put;  // of a document; in place of it when it returns an error
  std::function<void()> before_wait;                   // for the bell
  std::function<bool(Call)> refuses;                   // true: it fails as if the store were away
};

// For options.plugins. Every backend that is opened next uses `between`, which must outlive it.
penstock::PluginEntry wrapped_plugin(const Between& between);

inline penstock::Options wrapped_options(const Between& between) {
  penstock::Options o = Store("memory").options();
  o.plugins = {wrapped_plugin(between)};
  o.backend = {.use = "wrapped"};
  return o;
}
