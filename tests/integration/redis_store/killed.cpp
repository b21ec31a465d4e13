// Servers that are killed: what was answered is there when they are back, as far as their level goes.
#include <atomic>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <set>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

#include "fixture.hpp"
#include "support/redis/sentinels.hpp"

namespace penstock::redis {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::Sentinels;

// A disk whose syncs wait while this is held.
class SlowDisk {
 public:
  SlowDisk() : file_(::open((folder_ / "gate").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    setenv("HELD_SYNC", (folder_ / "gate").c_str(), 1);
    setenv("LD_PRELOAD", HELD_SYNC_MODULE, 1);
  }
  SlowDisk(const SlowDisk&) = delete;
  SlowDisk& operator=(const SlowDisk&) = delete;
  ~SlowDisk() {
    unsetenv("LD_PRELOAD");
    close(file_);
  }
  void hold() const { flock(file_, LOCK_EX); }
  void let_go() const { flock(file_, LOCK_UN); }

 private:
  testing::Folder folder_;
  const int file_;
};

Result<std::vector<std::optional<Record>>> get(DurableBackend& b, int number) {
  const TaskKey key{"q", id(number)};
  return insist([&] { return b.get(std::span(&key, 1)); });
}

// Producers and workers that go on whatever happens to their server, and remember what they were answered.
class Crew {
 public:
  using Open = std::function<std::unique_ptr<DurableBackend>()>;
  explicit Crew(const Open& open) {
    for (int i = 0; i < 2; ++i) {
      backends_.push_back(open());
      threads_.emplace_back([this, i, &b = *backends_.back()] { produce(b, i); });
      backends_.push_back(open());
      threads_.emplace_back([this, &b = *backends_.back()] { work(b); });
    }
  }
  ~Crew() { stop(); }

  std::size_t ended() const {
    const std::lock_guard lock(mutex_);
    return ended_.size();
  }
  // Whether so many more tasks have ended by then.
  bool goes_on(std::size_t more, steady_clock::time_point until) const {
    for (const std::size_t from = ended(); steady_clock::now() < until; std::this_thread::yield())
      if (ended() >= from + more) return true;
    return false;
  }
  // No more is put in; true when all that was accepted has ended by then.
  bool ends_all(steady_clock::time_point until) {
    producing_ = false;
    for (; steady_clock::now() < until; std::this_thread::yield()) {
      const std::lock_guard lock(mutex_);
      if (producers_ == 0 && std::includes(all_ended_.begin(), all_ended_.end(), accepted_.begin(), accepted_.end()))
        return true;
    }
    return false;
  }
  void stop() {
    producing_ = working_ = false;
    for (std::thread& t : threads_) t.join();
    threads_.clear();
  }
  std::atomic<int> came_back{0};  // tasks that were claimed after the answer that they had ended
  std::atomic<int> forgotten{0};  // settlements of tasks that nobody knew

 private:
  void produce(DurableBackend& b, int lane) {
    for (int n = lane; producing_ && n < 60'000; n += 2) {
      const NewTask t = task(n);
      auto answer = put(b, t);
      while (producing_ && !answer) answer = put(b, t);  // the id makes it safe
      if (!answer) break;
      const std::lock_guard lock(mutex_);
      accepted_.insert(id(n));
    }
    --producers_;
  }
  void work(DurableBackend& b) {
    std::vector<Leased> held;
    while (working_) {
      std::vector<Settlement> ends;
      for (const Leased& l : held) ends.push_back(settlement(l));
      const Share share{"q", 20};
      Exchange x;
      x.settle = ends;
      x.claim = std::span(&share, 1), x.limit = 20;
      x.lease = seconds(2);
      auto answer = b.exchange(x);
      if (!answer) continue;  // the same once more
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < held.size(); ++i) {
        forgotten += answer->settled[i] == Item::not_found;
        if (answer->settled[i] != Item::ok) continue;
        ended_.emplace(held[i].id, held[i].epoch);
        all_ended_.insert(held[i].id);
      }
      held = std::move(answer->leased);
      for (const Leased& l : held) {
        const auto known = ended_.find(l.id);
        came_back += known != ended_.end() && l.epoch > known->second;
      }
    }
  }

  mutable std::mutex mutex_;
  std::set<TaskId> accepted_, all_ended_;
  std::map<TaskId, Epoch> ended_;
  std::atomic<bool> producing_{true}, working_{true};
  std::atomic<int> producers_{2};
  std::vector<std::unique_ptr<DurableBackend>> backends_;
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("a server that writes before it answers loses nothing when it is killed, however long its syncs take") {
  const SlowDisk disk;
  RedisServer server({"--appendonly", "yes", "--appendfsync", "no"});
  testing::TestHost host;
  const auto b = open(host, server.url(), {{"durability", std::string("process")}});
  disk.hold();
  for (int i = 1; i <= 50; ++i) REQUIRE(*put(*b, task(i)) == Item::ok);
  server.kill();
  disk.let_go();
  server.start();
  for (int i = 1; i <= 50; ++i) CHECK(get(*b, i)->front());
  CHECK(unsound(*b) == "");
}

// Why `everysec` gives no more than `memory`.
TEST_CASE("a server that syncs every second answers what it has not written, while a sync takes long") {
  const SlowDisk disk;
  RedisServer server({"--appendonly", "yes", "--appendfsync", "everysec"});
  testing::TestHost host;
  const auto b = open(host, server.url());
  CHECK(std::string(b->properties().durability) == "memory");
  bool lost = false;
  for (int round = 1; round <= 10 && !lost; ++round) {  // it gives up waiting after two seconds, which may be over
    disk.hold();
    int last = 1000 * round;
    do {
      REQUIRE(*put(*b, task(++last)) == Item::ok);
    } while (server.cli({"INFO", "persistence"}).find("aof_pending_bio_fsync:1") == std::string::npos);
    REQUIRE(*put(*b, task(++last)) == Item::ok);
    server.kill();
    disk.let_go();
    server.start();
    lost = !get(*b, last)->front();
  }
  CHECK(lost);
}

TEST_CASE("a server that is killed again and again: nothing that was answered is lost, and work goes on within 5 s") {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "always"});
  testing::TestHost host;
  const auto opened = [&] {
    return open(
        host, server.url(),
        {{"durability", std::string("power")}, {"remember", std::string("1h")}, {"timeout", std::string("2s")}});
  };
  const auto witness = opened();
  Crew crew(opened);
  for (int round = 0; round < 10; ++round) {
    REQUIRE(crew.goes_on(50, steady_clock::now() + seconds(30)));
    server.kill();
    server.start();
    CHECK(crew.goes_on(1, steady_clock::now() + seconds(5)));
    CHECK(unsound(*witness) == "");
  }
  CHECK(crew.ends_all(steady_clock::now() + seconds(60)));
  crew.stop();
  CHECK(crew.came_back == 0);
  CHECK(crew.forgotten == 0);
}

TEST_CASE("a primary that is killed: nothing that was answered is lost, and work goes on within 5 s of the switch") {
  std::vector<std::string> words{"--appendonly", "yes", "--appendfsync", "always", "--min-replicas-to-write", "1"};
  Sentinels servers(words);
  testing::TestHost host;
  std::vector<std::string> where;
  for (const std::uint16_t port : servers.ports()) where.push_back("127.0.0.1:" + std::to_string(port));
  const Written settings{{"durability", std::string("failover")},
                         {"remember", std::string("1h")},
                         {"timeout", std::string("2s")},
                         {"master", std::string(Sentinels::kMaster)},
                         {"sentinels", where}};
  REQUIRE(insist([&] {  // the master has yet to hear from it
    return servers.first().cli({"INFO", "replication"}).find("min_slaves_good_slaves:1") != std::string::npos;
  }));
  Crew crew([&] { return open(host, servers.first().url(), settings); });
  REQUIRE(crew.goes_on(50, steady_clock::now() + seconds(30)));
  const auto killed = steady_clock::now();
  servers.first().kill();
  servers.switched();
  // As a replica of the other, which writes for nobody without one. (The sentinels would see to that in ten seconds.)
  words.insert(words.end(), {"--replicaof", "127.0.0.1 " + std::to_string(servers.second().port())});
  servers.first().set_more(words);
  servers.first().start();
  CHECK(crew.goes_on(1, steady_clock::now() + seconds(5)));
  WARN("without work for " << std::chrono::duration<double>(steady_clock::now() - killed).count() << " s");
  CHECK(crew.ends_all(steady_clock::now() + seconds(60)));
  crew.stop();
  CHECK(unsound(*open(host, servers.first().url(), settings)) == "");
  CHECK(crew.came_back == 0);
  CHECK(crew.forgotten == 0);
}

}  // namespace penstock::redis
