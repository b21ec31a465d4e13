// digest: SHA-256, size and line count of every file below a folder, as durable tasks.
//
//   digest [--backend NAME] [--config FILE] [--output FILE] [PATH]
//
// Killed midway and started again it goes on where it was: tasks that are done are not done again, and
// those that a dead process held come back when its leases end. The same program runs on any backend.
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <thread>
#include <unistd.h>

#include <penstock/penstock.hpp>

#include "files.hpp"
#include "job.hpp"
#include "report.hpp"

namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string backend, config, output = "digest.sha256", path = "/usr/share/doc";
};

constexpr const char* kUsage = "usage: digest [--backend NAME] [--config FILE] [--output FILE] [PATH]";

int misuse(const std::string& what) {
  std::fprintf(stderr, "digest: %s\n%s\n", what.c_str(), kUsage);
  return 2;
}

penstock::Options options_for(const Arguments& args) {
  penstock::Options options;
  if (!args.config.empty()) {
    options = penstock::read_config(args.config);
  } else {
    options.backend.use = "sqlite";
    options.log_level = penstock::Level::warn;
  }
  if (!args.backend.empty() && args.backend != options.backend.use) {
    options.backend = {.use = args.backend};
    options.durability.clear();
  }
  if (options.backend.use == "sqlite" && !options.backend.settings.contains("path")) {
    options.backend.settings["path"] = args.output + ".db";
  }
  options.queues = {{digest::kQueue, 1}};
  return options;
}

// Sends what is not in the store yet, and counts what an earlier start of this run has done already.
void enqueue_all(penstock::TaskManager& tasks, const digest::Listing& listing, digest::Progress& progress) {
  std::vector<penstock::Enqueued> sent =
      tasks.enqueue_many(std::span<const digest::DigestFile>(listing.files), std::span(listing.ids));
  std::vector<penstock::TaskRef> known;
  for (const penstock::Enqueued& e : sent) {
    if (!e.accepted()) throw penstock::Exception(*e.error);
    if (e.what == penstock::Item::exists) known.push_back(e.ref);
  }
  for (const auto& info : tasks.info(known)) progress.before += info && penstock::ended(info->status);
}

int work(const Arguments& args) {
  fs::path root = args.path, run_file = args.output + ".run";
  digest::Run run = digest::take_up(run_file, fs::absolute(root));
  auto tasks = penstock::TaskManager::open(options_for(args));
  tasks.handle<digest::DigestFile>(digest::run);

  digest::Listing listing = digest::list_files(root, run.name);
  for (const std::string& folder : listing.unreadable) std::fprintf(stderr, "digest: cannot list %s\n", folder.c_str());
  digest::Progress progress;
  progress.total = listing.files.size();
  tasks.add_hooks({.on_queued = {},
                   .on_start = {},
                   .on_retry = [&](const penstock::TaskEvent&) { ++progress.retried; },
                   .on_finish =
                       [&](const penstock::TaskEvent& e) {
                         ++(e.status == penstock::Status::succeeded ? progress.done : progress.failed);
                       },
                   .on_lost = {}});
  enqueue_all(tasks, listing, progress);
  std::printf("%zu files below %s%s\n", listing.files.size(), root.c_str(),
              run.resumed ? (", taken up: " + std::to_string(progress.before) + " are done").c_str() : "");

  std::fflush(stdout);
  auto start = std::chrono::steady_clock::now();
  int status = 0;
  {
    std::jthread display([&](std::stop_token stop) { digest::show_progress(stop, progress); });
    status = tasks.drain();
  }
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  digest::Summary summary = digest::report(tasks, listing, args.output, took, progress.before);
  if (summary.written) fs::remove(run_file);  // this run is over: the next one starts anew
  if (status != 0) return status;
  return summary.unfinished || summary.failed ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments args;
  bool path_given = false;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    std::string* value = word == "--backend"  ? &args.backend
                         : word == "--config" ? &args.config
                         : word == "--output" ? &args.output
                                              : nullptr;
    if (word == "--help" || word == "-h") return std::puts(kUsage), 0;
    if (value) {
      if (++i == argc) return misuse(word + " needs a value");
      *value = argv[i];
    } else if (word.size() > 1 && word[0] == '-') {
      return misuse("unknown option " + word);
    } else if (std::exchange(path_given, true)) {
      return misuse("one PATH, please; got " + args.path + " and " + word);
    } else {
      args.path = word;
    }
  }
  if (std::error_code error; !fs::exists(args.path, error)) return misuse("there is no " + args.path);
  try {
    return work(args);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "digest: %s\n", e.what());
    return 2;
  }
}
