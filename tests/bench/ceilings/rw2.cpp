#include "bench/ceilings/rw2.hpp"

#include <thread>

#include "bench/ceilings/mix.hpp"
#include "bench/lib/clock.hpp"
#include "bench/lib/tasks.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {

Series rw2(std::size_t count, const std::string& body) {
  const torture::Scratch scratch(torture::Scratch::On::disk);
  const std::string path = scratch.fresh("rw2") + "/jobs.db";
  Mix writer(path, false), worker(path, false);
  const Stopwatch watch;
  std::jthread producer([&] {
    for (std::size_t added = 0; added < count;) {
      writer.transaction([&] {
        for (std::size_t i = 0; i < kBulk && added < count; ++i, ++added)
          writer.add(static_cast<std::int64_t>(added), body);
      });
    }
  });
  std::size_t finished = 0;
  while (finished < count) {
    std::size_t leased = 0;
    worker.transaction([&] {
      finished += worker.finish();
      leased = worker.lease(kBulk);
    });
    if (leased == 0) std::this_thread::yield();
  }
  return {double(count) / watch.seconds()};
}

}  // namespace penstock::bench
