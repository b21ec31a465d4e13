// Failures, grouped: of one queue, as they stand in its document, and of all queues since the last flush.
//
// Pure data, bounded whatever is failing: no lock, no clock, no store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/error_groups.hpp>
#include <penstock/plugin/result.hpp>

namespace penstock::durable {

inline constexpr std::size_t kMaxGroups = 100;   // of a queue
inline constexpr std::size_t kMaxSample = 300;   // octets
inline constexpr std::size_t kMaxFailing = 500;  // queues between two flushes

// Those of one queue. Beyond kMaxGroups the one seen longest ago goes.
class ErrorGroups {
 public:
  void add(std::string_view kind, std::string_view message, std::string_view build, Time now);
  void merge(const ErrorGroup& group);
  void merge(const ErrorGroups& others);
  std::vector<ErrorGroup> last_first() const;
  bool empty() const noexcept { return groups_.empty(); }

 private:
  void cut();
  std::map<std::uint64_t, ErrorGroup> groups_;  // by fingerprint, which has the kind in it
};

// As a document of lines, last seen first, at most `limit` octets of them:
//   penstock.errors 1 <hash of the lines below>
//   <fingerprint> <count> <first> <last> <build> <kind> <sample>
// Numbers are decimal, hashes and fingerprints hexadecimal, times milliseconds since 1970.
std::string encode(const ErrorGroups& groups, std::size_t limit);
// Errors: unsupported, for a later version; invalid, for anything else that `encode` could not have written.
Result<ErrorGroups> decode_errors(std::string_view document);

// What has failed since the last flush. Of further queues than kMaxFailing nothing is noted.
class FailureLog {
 public:
  explicit FailureLog(std::string build) : build_(std::move(build)) {}
  void add(std::string_view queue, std::string_view kind, std::string_view message, Time now);
  // Takes out the groups of so many queues, in turns.
  std::map<std::string, ErrorGroups> take(std::size_t queues);
  void give_back(const std::string& queue, const ErrorGroups& groups);

 private:
  ErrorGroups* of(std::string_view queue);
  std::string build_;
  std::map<std::string, ErrorGroups, std::less<>> queues_;
  std::string next_;  // whose turn it is
};

}  // namespace penstock::durable
