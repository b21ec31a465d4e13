// A TaskManager over each backend that is linked in, with short times.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <stdlib.h>
#include <string>
#include <tuple>

#include <penstock/penstock.hpp>

using namespace std::chrono_literals;

struct Job {
  std::string name;
  int number = 0;
};
struct Answer {
  std::string text;
};
template <>
inline constexpr auto penstock::fields<Job> =
    std::tuple{penstock::field{"name", &Job::name}, penstock::field{"number", &Job::number}};
template <>
inline constexpr auto penstock::fields<Answer> = std::tuple{penstock::field{"text", &Answer::text}};
template <>
inline constexpr penstock::Policy penstock::job<Job> = {
    .kind = "test.job", .queue = "jobs", .retries = 2, .backoff = std::chrono::milliseconds(5), .jitter = false};

// A folder of its own for each test's file.
class Store {
 public:
  explicit Store(std::string backend) : backend_(std::move(backend)) {
    std::string name = (std::filesystem::temp_directory_path() / "penstock-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~Store() { std::filesystem::remove_all(folder_); }
  const std::string& folder() const { return folder_; }
  penstock::Options options() const {
    penstock::Options o;
    o.threads = 2;
    o.log_level = penstock::Level::error;
    o.lease = 2s;
    o.grace = 100ms;
    o.backend = {.use = backend_};
    if (backend_ == "sqlite") {
      o.backend.settings["path"] = folder_ + "/tasks.db";
      o.backend.settings["durability"] = std::string("process");
    }
    return o;
  }

 private:
  std::string backend_, folder_;
};

inline std::string every_backend() { return GENERATE(std::string("memory"), std::string("sqlite")); }
