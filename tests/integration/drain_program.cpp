// What drain.py runs: a worker whose handlers end when the test wants them to, and a look at their tasks.
//   drain_program CONFIG work            prints "started NAME ATTEMPT EPOCH" and "ended NAME", exits as run() says
//   drain_program CONFIG enqueue NAME [DELAY_MS]     prints the task's id
//   drain_program CONFIG many COUNT
//   drain_program CONFIG show ID         prints "STATUS failures crashes epoch"
//   drain_program CONFIG counts          prints "WAITING SUCCEEDED OTHERS"
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <string>
#include <unistd.h>

#include <penstock/penstock.hpp>

namespace {

constexpr penstock::Policy kPolicy{.kind = "drain.task", .queue = "drain"};

void say(const std::string& line) {
  const std::string text = line + "\n";  // one write: lines of several threads do not mix
  if (write(STDOUT_FILENO, text.data(), text.size()) < 0) std::abort();
}

void act(penstock::Context& ctx) {
  const std::string name(ctx.payload());
  say("started " + name + " " + std::to_string(ctx.task().attempt) + " " + std::to_string(ctx.task().epoch));
  if (name == "told") {  // ends when the test says so, and only then
    char octet = 0;
    if (read(STDIN_FILENO, &octet, 1) < 0) std::abort();
  } else if (name == "polite") {  // ends when it is asked to
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait(lock, ctx.stop_token(), [] { return false; });
    throw std::runtime_error("interrupted");
  } else if (name == "deaf") {
    for (;;) pause();
  }
  say("ended " + name);
}

int work(const std::string& config) {
  auto tasks = penstock::TaskManager::open(config);
  tasks.handle(kPolicy, act);
  const int status = tasks.run();
  if (status != 0) _exit(status);  // a thread is still inside a handler
  return status;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string config = argv[1], command = argv[2], argument = argc > 3 ? argv[3] : "";
  if (command == "work") return work(config);
  auto tasks = penstock::TaskManager::open(config);
  if (command == "enqueue") {
    const penstock::Millis delay(argc > 4 ? std::stol(argv[4]) : 0);
    std::cout << to_text(tasks.enqueue_bytes(kPolicy, argument, {.delay = delay}).id) << "\n";
  } else if (command == "many") {
    std::vector<penstock::Draft> drafts;
    for (int n = std::stoi(argument); n > 0; --n) drafts.push_back({kPolicy, "quick " + std::to_string(n), {}});
    for (const auto& e : tasks.enqueue_drafts(std::move(drafts))) {
      if (!e.created()) return 1;
    }
  } else if (command == "show") {
    auto info = tasks.info({"drain", penstock::parse_task_id(argument).value()});
    if (!info) return 1;
    std::cout << name(info->status) << " " << info->failures << " " << info->crashes << " " << info->epoch << "\n";
  } else {
    std::uint64_t waiting = 0, succeeded = 0, others = 0;
    for (const penstock::Counts& c : tasks.counts()) {
      for (std::size_t state = 0; state < penstock::kStates; ++state) {
        auto s = static_cast<penstock::State>(state);
        (s == penstock::State::ready || s == penstock::State::scheduled ? waiting
         : s == penstock::State::succeeded                              ? succeeded
                                                                        : others) += c.by_state[state];
      }
    }
    std::cout << waiting << " " << succeeded << " " << others << "\n";
  }
  return 0;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 2;
}
