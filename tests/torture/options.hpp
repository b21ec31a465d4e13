// Command line of the torture programs, and how they report.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

namespace penstock::torture {

// `--name VALUE`; `--long` picks the long form of every number that was not given.
class Options {
 public:
  Options(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string arg = argv[i];
      if (arg == "--long") {
        long_ = true;
      } else if (arg.rfind("--", 0) == 0 && i + 1 < argc) {
        given_[arg.substr(2)] = argv[++i];
      } else {
        std::cerr << argv[0] << ": what is '" << arg << "'? Options are --long and --NAME VALUE\n";
        std::exit(2);
      }
    }
  }

  std::uint64_t get(const std::string& name, std::uint64_t short_form, std::uint64_t long_form) {
    const std::string value = word(name, "");
    if (!value.empty()) return std::strtoull(value.c_str(), nullptr, 10);
    return long_ ? long_form : short_form;
  }
  std::string word(const std::string& name, const std::string& otherwise) {
    const auto found = given_.find(name);
    if (found == given_.end()) return otherwise;
    std::string value = found->second;
    given_.erase(found);
    return value;
  }
  std::uint64_t seed() { return get("seed", 1, 1); }

  // After all get(): what nobody asked for is a mistake.
  void finish() const {
    for (const auto& [name, value] : given_) {
      std::cerr << "unknown option --" << name << "\n";
      std::exit(2);
    }
  }

 private:
  bool long_ = false;
  std::map<std::string, std::string> given_;
};

// Counts the parts of a torture test; the last line of its output is `N passed, N failed[, N skipped]`.
class Score {
 public:
  void add(bool good) { ++(good ? passed_ : failed_); }
  void skip(const std::string& why) {
    std::cout << "skipped: " << why << "\n";
    ++skipped_;
  }
  int end() const {
    std::cout << passed_ << " passed, " << failed_ << " failed";
    if (skipped_) std::cout << ", " << skipped_ << " skipped";
    std::cout << std::endl;
    if (failed_ > 0) return 1;
    return passed_ > 0 ? 0 : skipped_ > 0 ? kSkipped : 1;
  }

 private:
  static constexpr int kSkipped = 77;  // what Meson takes for a skipped test
  int passed_ = 0, failed_ = 0, skipped_ = 0;
};

}  // namespace penstock::torture
