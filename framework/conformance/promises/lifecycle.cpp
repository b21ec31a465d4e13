// Objects come and go: nothing of theirs is left in the process.
#include <filesystem>
#include <thread>

#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

std::size_t entries(const char* folder) {
  std::size_t n = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) n += !entry.path().empty();
  return n;
}

// What the process holds, once it has come down to `expected`: a joined thread's entry goes a moment late.
std::size_t settled_at(const char* folder, std::size_t expected) {
  std::size_t seen = entries(folder);
  for (int i = 0; i < 10'000 && seen > expected; ++i) {
    std::this_thread::yield();
    seen = entries(folder);
  }
  return seen;
}

void use(Lab& lab) {
  const Leased t = lab.leased();
  lab.extend("q", t.epoch, kLong), lab.cancel(key(t)), lab.get(key(t));
  lab.settle(t, State::succeeded);
  lab.trim({.queue = "q", .count = 0});
  if (auto* waiter = query<Waiter>(lab.store())) must(waiter->wait(0, Millis(0)), "wait"), waiter->interrupt();
}

constexpr Promise kLifecyclePromises[] = {
    {"lifecycle.open_and_close", "An object can be made and destroyed without a call.", 0, nullptr,
     [](Lab& lab) {
       for (int i = 0; i < lab.harness().repeat; ++i) lab.close(), lab.store();
     }},

    {"lifecycle.threads_are_joined", "Fifty objects made, used and destroyed leave no thread behind.", 0, nullptr,
     [](Lab& lab) {
       use(lab), lab.close();
       const std::size_t before = entries("/proc/self/task");
       for (int i = 0; i < 50; ++i) use(lab), lab.close();
       same(settled_at("/proc/self/task", before), before, "threads of the process");
     }},

    {"lifecycle.descriptors_are_closed", "Fifty objects made, used and destroyed leave no file descriptor open.", 0,
     nullptr,
     [](Lab& lab) {
       use(lab), lab.close();
       const std::size_t before = entries("/proc/self/fd");
       for (int i = 0; i < 50; ++i) use(lab), lab.close();
       same(settled_at("/proc/self/fd", before), before, "open descriptors of the process");
     }},

    {"lifecycle.destroyed_with_work_under_way",
     "An object can be destroyed while tasks wait, run and are asked to stop.", 0, nullptr,
     [](Lab& lab) {
       for (int i = 0; i < lab.harness().repeat; ++i) {
         const Leased t = lab.leased();
         lab.cancel(key(t));
         same(lab.settle(t, State::cancelled), Item::ok, "the settlement");
         lab.leased(), lab.put("waiting");
         lab.close();
       }
     }},

    {"lifecycle.object_moves_between_threads", "An object may be made, used and destroyed each on another thread.", 0,
     nullptr,
     [](Lab& lab) {
       lab.together(1, [&](int) { use(lab); });
       lab.together(1, [&](int) { lab.close(); });
       lab.together(1, [&](int) { use(lab); });
     }},
};

}  // namespace

Promises lifecycle() { return kLifecyclePromises; }

}  // namespace penstock::conformance::areas
