#include "files.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "bytes.hpp"

namespace filesystem {
namespace {

[[noreturn]] void fail(const std::string& what, int error = errno) {
  throw std::system_error(error, std::generic_category(), what);
}

class File {
 public:
  File(const std::string& path, int flags) : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  bool open() const { return fd_ >= 0; }
  void write(std::string_view rest) const {
    while (!rest.empty()) {
      const ssize_t n = ::write(fd_, rest.data(), rest.size());
      if (n < 0 && errno != EINTR) fail(path_);
      if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  std::string read() const {
    std::string out;
    char part[1 << 16];
    for (ssize_t n; (n = ::read(fd_, part, sizeof part)) != 0;) {
      if (n < 0 && errno != EINTR) fail(path_);
      if (n > 0) out.append(part, static_cast<std::size_t>(n));
    }
    return out;
  }
  void sync() const {
    if (::fsync(fd_) != 0) fail(path_);
  }

 private:
  const std::string& path_;
  int fd_;
};

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// FNV-1a: finds what was cut or damaged by accident.
std::uint64_t checksum(std::string_view octets) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (unsigned char c : octets) sum = (sum ^ c) * 0x100000001b3;
  return sum;
}

bool same_file(const std::string& a, const std::string& b) {
  struct stat first {
  }, second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_ino == second.st_ino &&
         first.st_dev == second.st_dev;
}

}  // namespace

void sync_folder(const std::string& folder) {
  const File file(folder, O_RDONLY | O_DIRECTORY);
  if (!file.open()) fail(folder);
  file.sync();
}

std::optional<std::string> read(const std::string& path) {
  const File file(path, O_RDONLY);
  if (!file.open()) {
    if (errno == ENOENT) return std::nullopt;
    fail(path);
  }
  std::string whole = file.read();
  if (whole.size() >= 16) {
    Reader head(std::string_view(whole).substr(0, 16));
    const auto size = head.number(), sum = head.number();
    whole.erase(0, 16);
    if (size == whole.size() && sum == checksum(whole)) return whole;
  }
  throw std::runtime_error(path + ": damaged, or cut short");
}

void write(const std::string& path, std::string_view content, bool sync) {
  const File file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.open()) fail(path);
  Writer head;
  head.number(content.size()), head.number(checksum(content));
  file.write(head.octets());
  file.write(content);
  if (sync) file.sync();
}

bool publish(const std::string& path, std::string_view content, const std::string& scratch, bool sync) {
  try {
    write(scratch, content, sync);
  } catch (...) {
    ::unlink(scratch.c_str());
    throw;
  }
  // The server may have done it though its answer was lost: what counts is whether the name is there.
  const int error = ::link(scratch.c_str(), path.c_str()) == 0 ? 0 : errno;
  const bool done = same_file(scratch, path);
  ::unlink(scratch.c_str());
  if (!done && error != EEXIST && error != ENOENT && error != 0) fail(path, error);
  if (!done || !sync) return done;
  try {
    sync_folder(folder_of(path));
  } catch (const std::system_error& e) {
    throw Uncertain(e.what());
  }
  return true;
}

bool put_folder(const std::string& from, const std::string& to, bool sync) {
  if (sync) sync_folder(from);
  if (::rename(from.c_str(), to.c_str()) != 0) {
    if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOENT) return false;
    fail(to);
  }
  if (sync) sync_folder(folder_of(to));
  return true;
}

}  // namespace filesystem
