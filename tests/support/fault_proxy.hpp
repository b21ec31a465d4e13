// A TCP proxy that does to a connection what networks do, at the octet where it is told to.
//
// It knows nothing of what passes. A client connects to port(), the proxy connects to the target, and octets flow both
// ways until a fault is due. Octets are counted for each connection and direction from the moment a fault is armed,
// so a connection that is in use already starts again at 0.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace penstock::testing {

struct NetworkFault {
  enum class Kind : std::uint8_t {
    delay,      // what follows comes `time` later
    cut,        // both sides are closed, in order
    reset,      // both sides are closed with a reset
    half_open,  // nothing passes any more, in either direction, and nobody is told
    swallow,    // `count` octets are lost; 0: all that one read brings, mostly whole replies
    duplicate,  // `count` octets come twice: once more after they have passed; 0: all that one read brings
  };
  Kind kind = Kind::cut;
  enum class To : std::uint8_t { client, server } to = To::client;  // the direction that is counted
  std::uint64_t at = 0;                                             // the first octet that it concerns
  std::uint64_t count = 0;
  std::chrono::milliseconds time{};
};

// Thread: any.
class FaultProxy {
 public:
  // `target`: a port of the loopback interface.
  explicit FaultProxy(std::uint16_t target);
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  ~FaultProxy();

  std::uint16_t port() const noexcept { return port_; }

  // Each fault happens once: to the connection that first comes to its octet, when those before it have happened.
  void arm(std::initializer_list<NetworkFault> faults);
  void arm(const NetworkFault& fault) { arm({fault}); }
  void disarm();
  std::uint64_t happened() const noexcept { return happened_; }  // faults, until now
  // Whether so many have happened by then.
  bool happens(std::uint64_t times, std::chrono::steady_clock::time_point until);
  std::uint64_t accepted() const noexcept { return accepted_; }  // connections, until now

  // All connections become half-open, and new ones stay without an answer, until the network is whole again: then
  // new ones work, and the old ones are reset.
  void part();
  void join();
  void reset_all();        // the connections there are
  void reset_half_open();  // of these, those that have become so: what keepalive does in the end
  // Another target for the connections made from now on.
  void aim(std::uint16_t target) { target_ = target; }

 private:
  struct Flow;
  struct Pair;

  void serve();
  void accept();
  void pump(Pair& pair, short client_events, short server_events);
  void move(Pair& pair, Flow& flow, int from);
  void pass(Pair& pair, Flow& flow, const char* octets, std::size_t count);
  bool due(Flow& flow, std::size_t within = 1) const;
  bool whole() const;
  void happen(Pair& pair, Flow& flow);
  static void flush(Pair& pair, Flow& flow, int to);
  void wake() const;
  enum class Ending : std::uint8_t { none, half_open, all };
  void end(Ending which);
  void end_some();

  std::uint16_t port_ = 0;
  std::atomic<std::uint16_t> target_;
  std::atomic<std::uint64_t> happened_{0}, accepted_{0};
  int listening_ = -1, wake_ = -1;

  std::mutex mutex_;  // of all below
  std::deque<NetworkFault> faults_;
  std::uint64_t armed_ = 0;  // how often faults were armed
  bool parted_ = false, stopping_ = false;
  Ending ending_ = Ending::none;
  std::condition_variable ended_, happened_more_;
  std::list<std::unique_ptr<Pair>> pairs_;

  std::thread thread_;
};

}  // namespace penstock::testing
