#include "identity.hpp"

#include <sys/stat.h>

#include "error.hpp"

namespace penstock::sqlite {

namespace {
constexpr std::int64_t kBetweenLooks = 1000;
}

bool Identity::File::same(const std::string& path) const {
  struct stat at {};
  return inode == 0 || (stat(path.c_str(), &at) == 0 && at.st_dev == device && at.st_ino == inode);
}

void Identity::record() {
  for (File& file : files_) {
    struct stat at {};
    const bool there = stat((options_.path + file.suffix).c_str(), &at) == 0;
    file.device = there ? at.st_dev : 0;
    file.inode = there ? at.st_ino : 0;
  }
  looked_ = clock_.boot();
}

void Identity::look() {
  const std::int64_t now = clock_.boot();
  if (const File* file = gone_) refuse(*file);
  if (now - looked_ < kBetweenLooks) return;
  looked_ = now;
  verify();
}

void Identity::verify() {
  for (const File& file : files_) {
    if (!file.same(options_.path + file.suffix)) refuse(file);
  }
}

void Identity::refuse(const File& file) {
  const Error error{Errc::data_regression, options_.path + file.suffix +
                                               ": it was deleted or replaced while the database was in use; nothing "
                                               "more is written, restart every program that uses it"};
  if (!gone_.exchange(&file)) host_.log(Level::error, error.message);
  throw Failure(error, 0);
}

}  // namespace penstock::sqlite
