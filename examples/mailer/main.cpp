// Unique tasks, fair turns and limits: what a mailer of several tenants says beside its task type.
//
//   mailer [CONFIG]     in memory, or on the store that the config file names
#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <mutex>
#include <string>

#include <penstock/penstock.hpp>

struct Mail {
  std::string tenant, to, about;
};
template <>
inline constexpr auto penstock::fields<Mail> = std::tuple{
    penstock::field{"tenant", &Mail::tenant}, penstock::field{"to", &Mail::to}, penstock::field{"about", &Mail::about}};
template <>
inline constexpr penstock::Policy penstock::job<Mail> = {
    .kind = "mail", .queue = "mails", .if_taken = penstock::IfTaken::keep};
template <>
inline constexpr auto penstock::flow<Mail> = std::tuple{
    penstock::unique_by{[](const Mail& mail) { return mail.to + " " + mail.about; }},  // while one waits or runs
    penstock::fair_by{&Mail::tenant},                                                  // tenants take turns
    penstock::gate_by{"tenant", &Mail::tenant, {.running = 1}},                        // one at a time for each
};

// Sends mails, and notes how many of a tenant it was sending at once.
class Outbox {
 public:
  void send(const Mail& mail) {
    count(mail.tenant, 1);
    std::cout << mail.tenant + ": to " + mail.to + ", about " + mail.about + "\n";
    count(mail.tenant, -1);
  }
  void report() {
    for (const auto& [tenant, at_once] : most_) std::cout << tenant << ": at most " << at_once << " at once\n";
  }

 private:
  void count(const std::string& tenant, int change) {
    std::lock_guard lock(mutex_);
    most_[tenant] = std::max(most_[tenant], now_[tenant] += change);
  }
  std::mutex mutex_;
  std::map<std::string, int> now_, most_;
};

int main(int argc, char** argv) try {
  penstock::Options options;
  options.backend = {.use = "memory"};
  options.threads = 2;
  if (argc > 1) options = penstock::read_config(argv[1]);
  options.log_level = penstock::Level::warn;
  auto tasks = penstock::TaskManager::open(options);
  Outbox outbox;
  tasks.handle<Mail>([&](const Mail& mail) { outbox.send(mail); });

  for (const char* to : {"ann", "ben", "cem", "dan", "eve", "fay"}) tasks.enqueue(Mail{"acme", to, "your bill"});
  tasks.enqueue(Mail{"bolt", "gus", "your order"});
  const auto first = tasks.enqueue(Mail{"cosy", "hal", "hello"});
  const auto again = tasks.enqueue(Mail{"cosy", "hal", "hello"});
  std::cout << "asked twice, sent " << (first == again ? "once" : "twice") << "\n";

  const int status = tasks.drain();
  outbox.report();
  for (const penstock::GateState& gate : tasks.gates("mails")) {
    std::cout << "gate " << gate.gate << ": " << gate.declared->running << " running, as declared by the type\n";
  }
  return status;
} catch (const penstock::Exception& e) {
  std::cerr << "mailer: " << e.what() << "\n";
  return 1;
}
