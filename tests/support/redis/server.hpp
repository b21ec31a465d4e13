// Throw-away Redis servers. A test that needs one fails when redis-server is not installed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/folder.hpp"
#include "support/process.hpp"

namespace penstock::testing {

// One redis-server in a folder of its own: a foreground child, listening on a unix socket and on a port of the
// loopback interface, which it keeps over restarts. Without persistence unless asked for.
// Thread: one at a time.
class RedisServer {
 public:
  // More words for its command line: {"--appendonly", "yes"}. Throws std::runtime_error when it does not start.
  explicit RedisServer(std::vector<std::string> more = {});
  ~RedisServer();

  std::uint16_t port() const noexcept { return port_; }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  std::string socket() const { return folder_ / "r.sock"; }
  std::string socket_url() const { return "unix://" + socket(); }
  const Folder& folder() const noexcept { return folder_; }

  // What redis-cli prints for a command, over the unix socket, without the line's end.
  std::string cli(const std::vector<std::string>& words) const;

  // Waits until its log holds `text`; throws std::runtime_error when that takes too long.
  void said(const std::string& text);
  void start();  // once it has ended; on the same data and port
  void kill();   // -9
  void stop() { kill_with(15); }
  void restart() { kill(), start(); }
  void freeze() const;  // the process stops, its connections stay
  void thaw() const;
  void set_more(std::vector<std::string> more) { more_ = std::move(more); }  // for the next start

 private:
  void kill_with(int signal);
  void mend_log() const;
  std::vector<std::string> command_line() const;

  Folder folder_;
  std::vector<std::string> more_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace penstock::testing
