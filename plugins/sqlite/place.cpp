#include "place.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "error.hpp"

namespace penstock::sqlite {
namespace {

[[noreturn]] void refuse(Errc code, const std::string& path, const std::string& why) {
  throw Failure(Error{code, path + ": " + why}, 0);
}

[[noreturn]] void refuse_errno(const std::string& path, const std::string& doing) {
  const int error = errno;
  Errc code = Errc::unavailable;
  if (error == EACCES || error == EPERM || error == EROFS) code = Errc::permission;
  if (error == ENOENT || error == ENOTDIR) code = Errc::not_found;
  if (error == ENOSPC || error == EDQUOT || error == EMFILE) code = Errc::resource_exhausted;
  refuse(code, path, doing + ": " + std::strerror(error));
}

void check_folder(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  struct stat at {};
  if (stat(folder.c_str(), &at) != 0) refuse_errno(path, "cannot reach its folder " + folder);
  if (!S_ISDIR(at.st_mode)) refuse(Errc::invalid, path, folder + " is not a folder");
  // SQLite keeps -wal and -shm beside the file, so the folder must be writable even for reading.
  if (access(folder.c_str(), W_OK | X_OK) != 0) refuse_errno(path, "cannot write to its folder " + folder);
}

}  // namespace

bool prepare_place(const Options& options) {
  if (options.path.empty()) refuse(Errc::invalid, "path", "must not be empty");
  if (!options.vfs.empty()) return false;
  const char* path = options.path.c_str();
  check_folder(options.path);
  struct stat at {}, wal {};
  const bool log = stat((options.path + "-wal").c_str(), &wal) == 0 && wal.st_size > 0;
  if (stat(path, &at) != 0) {
    if (errno != ENOENT) refuse_errno(options.path, "cannot stat it");
    if (log) refuse(Errc::data_regression, options.path, "is missing, but its -wal is not");
    if (mknod(path, S_IFREG | 0600, 0) == 0) {
      if (chmod(path, 0600) != 0) refuse_errno(options.path, "cannot set its mode");  // whatever the umask is
      return true;
    }
    if (errno != EEXIST) refuse_errno(options.path, "cannot create it");
    return false;
  }
  if (!S_ISREG(at.st_mode)) refuse(Errc::invalid, options.path, "is not a regular file");
  if (access(path, R_OK | W_OK) != 0) refuse_errno(options.path, "cannot read and write it");
  if (at.st_size <= 1 && log) {  // SQLite, too, takes a single octet for nothing
    refuse(Errc::data_regression, options.path, "is empty, but its -wal is not: the database has lost its content");
  }
  return false;
}

int open_side_file(const std::string& path, std::int64_t size) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) refuse_errno(path, "cannot open it");
  try {
    struct stat at {};
    if (fstat(fd, &at) != 0 || !S_ISREG(at.st_mode)) refuse(Errc::invalid, path, "is not a regular file");
    const int error = size > 0 ? posix_fallocate(fd, 0, size) : 0;
    if (errno = error; error != 0) refuse_errno(path, "cannot set space aside for it");
  } catch (...) {
    close(fd);
    throw;
  }
  return fd;
}

}  // namespace penstock::sqlite
