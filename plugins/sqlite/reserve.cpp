#include "reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "place.hpp"

namespace penstock::sqlite {

Reserve::Reserve(const std::string& path, std::int64_t size) : fd_(open_side_file(path)), size_(size) { fill(); }

Reserve::~Reserve() { close(fd_); }

bool Reserve::full() const noexcept {
  struct stat at {};
  return fstat(fd_, &at) == 0 && at.st_size >= size_;
}

bool Reserve::fill() noexcept {
  if (full() || fallocate(fd_, 0, 0, size_) == 0) return true;
  if (errno != ENOSPC && errno != EDQUOT) return true;
  give_up();  // some file systems keep what they could allocate before the space ran out
  return false;
}

bool Reserve::give_up() noexcept {
  struct stat at {};
  return fstat(fd_, &at) == 0 && at.st_size > 0 && ftruncate(fd_, 0) == 0;
}

}  // namespace penstock::sqlite
