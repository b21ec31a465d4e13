#include "bench/peers/beanstalkd.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/lib/child.hpp"
#include "bench/lib/clock.hpp"
#include "bench/lib/latency.hpp"
#include "bench/peers/script.hpp"
#include "support/folder.hpp"
#include "support/ports.hpp"
#include "support/process.hpp"

namespace penstock::bench {
namespace {

constexpr std::size_t kInFlight = 64;
const std::string kText(60, 'x');

// A server of its own, on the loopback interface, without a log.
class Server {
 public:
  std::uint16_t port() const noexcept { return port_; }

 private:
  const testing::Folder folder_;
  const std::uint16_t port_ = testing::free_port();
  testing::Process process_{{"beanstalkd", "-l", "127.0.0.1", "-p", std::to_string(port_)}, folder_ / "log"};
};

// Thread: one at a time.
class Connection {
 public:
  explicit Connection(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int refused = 0;
    while (connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
      if (++refused > 500) throw std::runtime_error("beanstalkd does not listen");
      poll(nullptr, 0, 10);  // it has only just been started
    }
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(fd_); }

  void put(std::size_t index, std::int64_t stamp) {
    const std::string body = std::to_string(index) + " " + std::to_string(stamp) + " " + kText;
    out_ += "put 0 0 60 " + std::to_string(body.size()) + "\r\n" + body + "\r\n";
  }
  void add(const std::string& command) { out_ += command + "\r\n"; }
  void flush() {
    for (std::size_t at = 0; at < out_.size();) {
      const ssize_t n = send(fd_, out_.data() + at, out_.size() - at, MSG_NOSIGNAL);
      if (n <= 0) throw std::runtime_error("beanstalkd has closed the connection");
      at += static_cast<std::size_t>(n);
    }
    out_.clear();
  }
  // The rest of a line that begins with `word`.
  std::string line(const std::string& word) {
    std::size_t end;
    while ((end = in_.find("\r\n", at_)) == in_.npos) more();
    const std::string out = in_.substr(at_, end - at_);
    at_ = end + 2;
    if (out.rfind(word, 0) != 0) throw std::runtime_error("beanstalkd says " + out);
    return out.substr(word.size());
  }
  struct Job {
    std::string id;
    std::size_t index;
    std::int64_t stamp;
  };
  Job job() {  // of a reserve
    const std::string head = line("RESERVED ");
    const std::size_t space = head.find(' ');
    const std::string body = line("");
    std::size_t used = 0;
    const std::size_t index = std::stoull(body, &used);
    return {head.substr(0, space), index, std::stoll(body.substr(used))};
  }

 private:
  void more() {
    in_.erase(0, at_);
    at_ = 0;
    char piece[16384];
    const ssize_t n = recv(fd_, piece, sizeof piece, 0);
    if (n <= 0) throw std::runtime_error("beanstalkd has closed the connection");
    in_.append(piece, static_cast<std::size_t>(n));
  }

  const int fd_;
  std::string out_, in_;
  std::size_t at_ = 0;  // in `in_`: read so far
};

// When it began.
Series produce(std::uint16_t port, std::size_t jobs) {
  Connection server(port);
  const std::int64_t start = now_ns();
  std::size_t sent = 0;
  for (std::size_t answered = 0; answered < jobs; ++answered) {
    if (sent < jobs && sent - answered <= kInFlight / 2) {
      for (const std::size_t end = std::min(jobs, answered + kInFlight); sent < end; ++sent) server.put(sent, 0);
      server.flush();
    }
    server.line("INSERTED");
  }
  return {double(start)};
}

// When the last one was deleted. As many reserves are sent as there are jobs, so that none is left waiting.
std::int64_t work(std::uint16_t port, std::size_t jobs) {
  Connection server(port);
  std::vector<bool> ran(jobs);
  std::size_t reserves = 0, deleted = 0;
  std::vector<char> sent;  // what the answers to come are to: reserves and deletes
  std::size_t at = 0;
  const auto ask = [&](const std::string& command) {
    server.add(command);
    sent.push_back(command[0]);
  };
  for (; reserves < std::min(jobs, kInFlight); ++reserves) ask("reserve");
  server.flush();
  while (deleted < jobs) {
    for (std::size_t part = std::min(kInFlight / 2, sent.size() - at); part > 0; --part) {
      if (sent[at++] == 'd') {
        server.line("DELETED");
        ++deleted;
        continue;
      }
      const Connection::Job job = server.job();
      if (ran.at(job.index)) throw std::runtime_error("beanstalkd gave a job out twice");
      ran[job.index] = true;
      ask("delete " + job.id);
      if (reserves < jobs) ask("reserve"), ++reserves;
    }
    server.flush();
  }
  return now_ns();
}

}  // namespace

std::string beanstalkd_version() {
  const std::string said = answer_of({"beanstalkd", "-v"});  // "beanstalkd 1.12"
  return said.substr(said.rfind(' ') + 1);
}

Series beanstalkd_life(std::size_t jobs) {
  const Server server;
  Child producer([&] { return produce(server.port(), jobs); });
  const std::int64_t end = work(server.port(), jobs);
  return {double(jobs) / ((double(end) - producer.finish()[0]) / 1e9)};
}

Series beanstalkd_pickup(std::size_t jobs) {
  const Server server;
  Child producer([&] {
    Connection to(server.port());
    Ticker ticker(std::chrono::milliseconds(5));
    for (std::size_t i = 0; i < jobs; ++i) {
      ticker.wait();
      to.put(i, now_ns());
      to.flush();
      to.line("INSERTED");
    }
    return Series{};
  });
  Connection from(server.port());
  std::vector<double> us;
  while (us.size() < jobs) {
    from.add("reserve");
    from.flush();
    const Connection::Job job = from.job();
    us.push_back(double(now_ns() - job.stamp) / 1e3);
    from.add("delete " + job.id);
    from.flush();
    from.line("DELETED");
  }
  producer.finish();
  return latency(us);
}

}  // namespace penstock::bench
