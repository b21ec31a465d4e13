// A real file system of a few hundred KiB: a tmpfs that only this process sees.
#pragma once

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <sys/mount.h>
#include <unistd.h>

#include "torture/folder.hpp"

namespace penstock::torture {

class SmallDisk {
 public:
  // Absent, and why, where this user may not mount: only root can.
  static std::optional<std::string> unavailable() {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      return std::string("no file system can be mounted here: ") + std::strerror(errno);
    return {};
  }

  SmallDisk(const std::string& folder, std::size_t kib) : folder_(folder) {
    if (mount("tmpfs", folder.c_str(), "tmpfs", 0, size(kib).c_str()) != 0)
      throw std::runtime_error("cannot mount a tmpfs at " + folder + ": " + std::strerror(errno));
  }
  ~SmallDisk() { umount2(folder_.c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  void grow(std::size_t kib) {
    if (mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT, size(kib).c_str()) != 0)
      throw std::runtime_error("cannot resize " + folder_);
  }
  // What others do to a disk: nothing is left afterwards but `but_kib`.
  void fill(std::size_t but_kib) {
    const int fd = open(filler().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    static constexpr char kBlock[4096] = {};
    while (fd >= 0 && fs::space(folder_).available > but_kib << 10 && write(fd, kBlock, sizeof kBlock) > 0) {
    }
    if (fd >= 0) close(fd);
  }
  void free() { unlink(filler().c_str()); }

 private:
  static std::string size(std::size_t kib) { return "size=" + std::to_string(kib) + "k"; }
  std::string filler() const { return folder_ + "/filler"; }

  const std::string folder_;
};

}  // namespace penstock::torture
