#include "support/redis/server.hpp"

#include <csignal>
#include <filesystem>
#include <stdexcept>

#include "support/ports.hpp"

namespace penstock::testing {

RedisServer::RedisServer(std::vector<std::string> more) : more_(std::move(more)), port_(free_port()) {
  for (int i = 0;; ++i) {
    try {
      start();
      return;
    } catch (const std::runtime_error&) {
      if (i == 4) throw;
      port_ = free_port();  // the old one may have been taken meanwhile
    }
  }
}

RedisServer::~RedisServer() = default;

std::vector<std::string> RedisServer::command_line() const {
  std::vector<std::string> out{"redis-server",
                               "--port",
                               std::to_string(port_),
                               "--bind",
                               "127.0.0.1",
                               "--unixsocket",
                               socket(),
                               "--dir",
                               folder_.path(),
                               "--save",
                               "",
                               "--repl-diskless-sync-delay",
                               "0",
                               "--daemonize",
                               "no"};
  out.insert(out.end(), more_.begin(), more_.end());
  return out;
}

void RedisServer::start() {
  mend_log();
  process_ = std::make_unique<Process>(command_line(), folder_ / "log");
  if (process_->said("Ready to accept connections")) return;
  process_.reset();
  throw std::runtime_error("redis-server did not start; is it installed? Its log: " + run({"cat", folder_ / "log"}));
}

// When the last write to its log is incomplete, Redis 7.0 cuts that off inside a script's transaction, and the first
// half of the script counts after the next start but one (valkey-io/valkey#4342). This cuts it off before the
// transaction.
void RedisServer::mend_log() const {
  const std::string manifest = folder_ / "appendonlydir/appendonly.aof.manifest";
  if (std::filesystem::exists(manifest)) run({"redis-check-aof", "--fix", manifest}, "y\n");
}

void RedisServer::said(const std::string& text) {
  if (!process_->said(text)) throw std::runtime_error("redis-server never said: " + text);
}

std::string RedisServer::cli(const std::vector<std::string>& words) const {
  std::vector<std::string> argv{"redis-cli", "-s", socket()};
  argv.insert(argv.end(), words.begin(), words.end());
  std::string out = run(argv);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

void RedisServer::kill_with(int signal) {
  process_->signal(signal);
  process_->wait();
  process_.reset();
}

void RedisServer::kill() { kill_with(SIGKILL); }
void RedisServer::freeze() const { process_->signal(SIGSTOP); }
void RedisServer::thaw() const { process_->signal(SIGCONT); }

}  // namespace penstock::testing
