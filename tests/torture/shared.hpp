// Memory that outlives a killed process: a file that several processes map.
#pragma once

#include <cstdlib>
#include <fcntl.h>
#include <new>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <type_traits>
#include <unistd.h>

namespace penstock::torture {

// T holds atomics and plain data, no pointers. The first process makes it, the others find it.
template <class T>
class Shared {
 public:
  static_assert(std::is_trivially_destructible_v<T>);
  enum class As { made, found };

  Shared(As as, const std::string& path) {
    const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC | (as == As::made ? O_CREAT | O_TRUNC : 0), 0600);
    const bool sized = fd >= 0 && (as == As::found || ftruncate(fd, sizeof(T)) == 0);
    void* at = sized ? mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0) close(fd);
    if (at == MAP_FAILED) throw std::runtime_error("cannot map " + path);
    value_ = as == As::made ? ::new (at) T : static_cast<T*>(at);
  }
  ~Shared() { munmap(value_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  T* value_;
};

}  // namespace penstock::torture
