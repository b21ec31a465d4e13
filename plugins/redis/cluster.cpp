#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "encode.hpp"
#include "failure.hpp"
#include "router.hpp"
#include "slot.hpp"
#include "slot_map.hpp"

namespace penstock::redis {
namespace {

constexpr auto kBetweenLooks = 100ms;  // between two questions for the map of slots

// The map is looked at again, by whoever calls next, after a call found it wrong or a node gone. One caller asks;
// others go on with the map there is, and wait only while there is none.
class Cluster final : public Router {
 public:
  explicit Cluster(const Setup& setup) : setup_(setup) {}

  void prepare(Deadline deadline) override;
  std::shared_ptr<Node> node_of(std::string_view key) override;
  std::shared_ptr<Node> node_at(const Address& address) override;
  std::vector<Address> nodes() override;
  std::shared_ptr<Node> redirected(std::string_view error, const Node& from) override;
  void doubt(Node& node) noexcept override;
  std::unique_ptr<Connection> connect(Deadline deadline, int wake) override;

 private:
  std::shared_ptr<Node> any();
  std::shared_ptr<Node> known(const Address& address);
  std::vector<std::shared_ptr<Node>> to_ask();
  std::vector<SlotRange> look(Deadline deadline);
  void adopt(const std::vector<SlotRange>& ranges);

  const Setup& setup_;
  std::mutex mutex_;  // of all below
  std::condition_variable looked_;
  std::map<Address, std::shared_ptr<Node>> nodes_;  // masters, and those that redirections named since
  std::array<std::shared_ptr<Node>, kSlots> owners_;
  std::set<Address> masters_;
  bool doubted_ = true, looking_ = false;
  Deadline next_look_{};
  std::optional<Error> last_error_;
  std::minstd_rand random_{std::random_device{}()};
};

void Cluster::prepare(Deadline deadline) {
  std::unique_lock lock(mutex_);
  while (looking_ && masters_.empty()) {
    if (looked_.wait_until(lock, deadline) == std::cv_status::timeout) return;
  }
  if (!doubted_ || looking_ || Clock::now() < next_look_) return;
  looking_ = true;
  doubted_ = false;
  lock.unlock();
  std::vector<SlotRange> ranges;
  std::optional<Error> error;
  try {
    ranges = look(std::min(deadline, Clock::now() + setup_.options.connect_timeout));
  } catch (const Failure& failure) {
    error = failure.error();
  } catch (const std::exception& e) {
    error = unavailable(std::string("redis: ") + e.what());
  }
  lock.lock();
  looking_ = false;
  next_look_ = Clock::now() + kBetweenLooks;
  if (error) {
    doubted_ = true;
    last_error_ = std::move(error);
  } else {
    adopt(ranges);
  }
  looked_.notify_all();
}

// Those that work first; at last the one of the config, by which the others were found.
std::vector<std::shared_ptr<Node>> Cluster::to_ask() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Node>> out;
  for (const auto& [address, node] : nodes_) out.push_back(node);
  std::shuffle(out.begin(), out.end(), random_);
  std::stable_partition(out.begin(), out.end(), [](const auto& node) { return !node->failing(); });
  if (!nodes_.contains(setup_.options.address)) out.push_back(known(setup_.options.address));
  return out;
}

std::vector<SlotRange> Cluster::look(Deadline deadline) {
  std::optional<Failure> last;
  const auto asked = to_ask();
  auto left = static_cast<int>(asked.size());
  for (const std::shared_ptr<Node>& node : asked) {
    const auto now = Clock::now();
    const Deadline until = now + (deadline - now) / left--;
    try {
      // Not one of the node's own: a replica knows the map as well.
      Connection connection(node->address(), setup_, Peer::any, until);
      std::string commands;
      append_command(commands, {"CLUSTER", "SLOTS"});
      connection.send(commands, until);
      const auto received = connection.receive(1, until);
      const Reply reply(received.values, received.roots[0]);
      if (reply.is_error()) throw Failure(server_error(reply.text()));
      auto ranges = read_slots(reply, node->address());
      if (!ranges.empty()) return ranges;
      last = Failure(unavailable("redis: " + to_text(node->address()) + " knows of no slots that are served"));
    } catch (const Failure& failure) {
      last = failure;
    } catch (const Lost& lost) {
      last = Failure(unavailable("redis: " + to_text(node->address()) + ": " + lost.what()));
    }
  }
  throw *last;
}

// With the lock held. Slots that nobody owns keep their last owner, who will say that the cluster is down.
void Cluster::adopt(const std::vector<SlotRange>& ranges) {
  masters_.clear();
  for (const SlotRange& range : ranges) {
    const std::shared_ptr<Node> node = known(range.master);
    masters_.insert(range.master);
    for (std::size_t slot = range.first; slot <= range.last; ++slot) owners_[slot] = node;
  }
  std::erase_if(nodes_, [&](const auto& entry) { return !masters_.contains(entry.first); });
}

// With the lock held.
std::shared_ptr<Node> Cluster::known(const Address& address) {
  std::shared_ptr<Node>& node = nodes_[address];
  if (!node) {
    node = std::make_shared<Node>(address, setup_.options, [this, address](Deadline deadline) {
      return std::make_unique<Connection>(address, setup_, Peer::master, deadline);
    });
  }
  return node;
}

std::shared_ptr<Node> Cluster::node_of(std::string_view key) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Node> node = key.empty() ? any() : owners_[slot_of(key)];
  if (node) return node;
  throw Failure(last_error_ ? *last_error_ : unavailable("redis: the cluster's slots are not known yet"));
}

// With the lock held. Null while nothing is known.
std::shared_ptr<Node> Cluster::any() {
  std::vector<std::shared_ptr<Node>> all, working;
  for (const Address& master : masters_) {
    all.push_back(known(master));
    if (!all.back()->failing()) working.push_back(all.back());
  }
  const auto& from = working.empty() ? all : working;
  return from.empty() ? nullptr : from[random_() % from.size()];
}

std::shared_ptr<Node> Cluster::node_at(const Address& address) {
  const std::lock_guard lock(mutex_);
  return known(address);
}

std::vector<Address> Cluster::nodes() {
  const std::lock_guard lock(mutex_);
  if (masters_.empty()) throw Failure(last_error_ ? *last_error_ : unavailable("redis: the cluster is not known yet"));
  return {masters_.begin(), masters_.end()};
}

std::shared_ptr<Node> Cluster::redirected(std::string_view error, const Node& from) {
  const auto where = read_redirection(error, from.address());
  if (!where) throw Failure(unavailable("redis: " + to_text(from.address()) + ": " + std::string(error)));
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Node> node = known(where->to);
  if (error.starts_with("MOVED")) {
    owners_[where->slot] = node;
    doubted_ = true;
  }
  return node;
}

void Cluster::doubt(Node&) noexcept {
  const std::lock_guard lock(mutex_);
  doubted_ = true;
}

std::unique_ptr<Connection> Cluster::connect(Deadline deadline, int wake) {
  prepare(deadline);
  const Address address = node_of({})->address();
  try {
    return std::make_unique<Connection>(address, setup_, Peer::master, deadline, wake);
  } catch (const Failure&) {
    const std::lock_guard lock(mutex_);
    doubted_ = true;
    throw;
  }
}

}  // namespace

std::unique_ptr<Router> make_cluster(const Setup& setup) { return std::make_unique<Cluster>(setup); }

}  // namespace penstock::redis
