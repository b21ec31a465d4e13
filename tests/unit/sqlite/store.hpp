// What the tests of the sqlite backend share: a folder of its own, and short ways to say things.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "support/folder.hpp"
#include "support/open_plugin.hpp"

extern "C" const penstock::PluginDescriptor* penstock_plugin_0_sqlite() noexcept;

namespace penstock::testing {

// A fresh folder, removed at the end, and a backend on a file in it. Tests open and close at will.
struct Store {
  ~Store() { backend.reset(); }

  using Written = std::map<std::string, config::Written>;
  std::unique_ptr<DurableBackend> make(Written more = {}) {
    more.emplace("path", path);
    return open_component<DurableBackend>(&penstock_plugin_0_sqlite, "sqlite", host, more);
  }
  DurableBackend& open(const Written& more = {}) {
    backend.reset();
    backend = make(more);
    return *backend;
  }
  // The text of the error with which opening is refused; empty when it is not.
  std::string refused(const Written& more = {}) {
    try {
      make(more);
      return {};
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  }

  const Folder own;
  const std::filesystem::path folder = own.path();
  const std::string path = own / "tasks.db";
  ManualTime time;
  TestHost host{&time};
  std::unique_ptr<DurableBackend> backend;
};

inline TaskId id(unsigned n) {
  TaskId out;
  for (int i = 0; i < 4; ++i)
    out.bytes[static_cast<std::size_t>(12 + i)] = static_cast<unsigned char>(n >> (24 - 8 * i));
  return out;
}
inline NewTask task(unsigned n, Bytes body = "body") { return {.key = {"q", id(n)}, .body = body, .kind = "k"}; }

inline Item enqueue(DurableBackend& b, const NewTask& t) {
  auto out = b.enqueue({&t, 1}, nullptr);
  if (!out) throw std::runtime_error(out.error().message);
  return out->at(0).what;
}
inline std::vector<Leased> claim(DurableBackend& b, std::uint32_t limit = 10, Millis lease = Millis(1000)) {
  const Share share{"q", limit};
  auto out = b.exchange({.claim = {&share, 1}, .limit = limit, .lease = lease});
  if (!out) throw std::runtime_error(out.error().message);
  return out->leased;
}
inline Item settle(DurableBackend& b, const Settlement& s) {
  auto out = b.exchange({.settle = {&s, 1}});
  if (!out) throw std::runtime_error(out.error().message);
  return out->settled.at(0);
}
inline std::optional<Record> get(DurableBackend& b, unsigned n) {
  const TaskKey key{"q", id(n)};
  auto out = b.get({&key, 1});
  if (!out) throw std::runtime_error(out.error().message);
  return out->at(0);
}

}  // namespace penstock::testing
