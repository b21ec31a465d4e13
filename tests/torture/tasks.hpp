// The tasks of the torture tests: everything about one follows from its number.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include <penstock/plugin/backend.hpp>

#include "support/open_plugin.hpp"

extern "C" const penstock::PluginDescriptor* penstock_plugin_0_sqlite() noexcept;

namespace penstock::torture {

inline constexpr std::array<std::string_view, 3> kQueues = {"apples", "pears", "plums"};

inline std::size_t queue_of(int task) { return static_cast<std::size_t>(task) % kQueues.size(); }

inline TaskId id_of(int task) {
  TaskId id;
  id.bytes = {1, 0x8b, 0xcf, 0xe5, 0x68, 0, 0x70, 0, 0x80, 0, 0, 0};
  for (int i = 0; i < 4; ++i)
    id.bytes[12u + static_cast<unsigned>(i)] = static_cast<unsigned char>(task >> (24 - 8 * i));
  return id;
}

inline int number_of(const TaskId& id) {
  std::uint32_t n = 0;
  for (std::size_t i = 12; i < 16; ++i) n = n << 8 | id.bytes[i];
  return static_cast<int>(n);
}

inline TaskKey key_of(int task) { return {kQueues[queue_of(task)], id_of(task)}; }

// Sizes on both sides of what SQLite and the backend keep in a row.
inline std::string body_of(int task) {
  static constexpr std::size_t kSizes[] = {0, 1, 90, 700, 2048, 2049, 9000};
  std::string body(kSizes[static_cast<std::size_t>(task * 31) % 7], '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 + static_cast<std::size_t>(task));
  return body;
}

struct Place {
  std::string folder, vfs;      // vfs empty: the ordinary one
  std::string level = "power";  // or "process"
  std::string remember = "365d";
  std::string file() const { return folder + "/a.db"; }
};

// Small buffers, so that every part of the machinery runs within a few hundred writes.
inline Result<std::unique_ptr<DurableBackend>> create_store(const Place& place, Host& host) {
  return testing::create_component<DurableBackend>(&penstock_plugin_0_sqlite, "sqlite", host,
                                                   {{"path", place.file()},
                                                    {"vfs", place.vfs},
                                                    {"durability", place.level},
                                                    {"cache", std::string("64KiB")},
                                                    {"checkpoint", std::string("64KiB")},
                                                    {"remember", place.remember}});
}
// The same; throws std::runtime_error.
inline std::unique_ptr<DurableBackend> open_store(const Place& place, Host& host) {
  auto made = create_store(place, host);
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(made).value();
}

}  // namespace penstock::torture
