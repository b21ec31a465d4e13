// Disk space put aside, so that tasks can still end when the disk is full.
#pragma once

#include <cstdint>
#include <string>

namespace penstock::sqlite {

// A side file with real blocks behind it. On a full disk it is given up, and what ends tasks goes on in
// the space that frees; new tasks are refused until it could be filled again. Its length is the state, so
// all processes on the file see the same. Thread: any.
class Reserve {
 public:
  Reserve(const std::string& path, std::int64_t size);  // throws Failure
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;
  ~Reserve();

  bool full() const noexcept;
  bool fill() noexcept;     // true when it is full now, or when this file system cannot set space aside
  bool give_up() noexcept;  // true when there was something to give up

 private:
  int fd_;
  std::int64_t size_;
};

}  // namespace penstock::sqlite
