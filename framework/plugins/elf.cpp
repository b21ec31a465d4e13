#include "plugins/elf.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <memory>
#include <unistd.h>
#include <vector>

#include "config/text.hpp"

namespace penstock::plugins {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);

#if defined(__x86_64__)
constexpr int kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr int kMachine = EM_AARCH64;
#elif defined(__i386__)
constexpr int kMachine = EM_386;
#elif defined(__arm__)
constexpr int kMachine = EM_ARM;
#elif defined(__riscv)
constexpr int kMachine = EM_RISCV;
#else
constexpr int kMachine = EM_NONE;  // left to the loader
#endif
constexpr int kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr int kData = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

Error unreadable(const std::string& what) { return Error{Errc::invalid, what}; }

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t file) {
  return offset <= file && size <= file - offset;
}

Result<void> check_segments(int fd, const Header& h, std::uint64_t file) {
  std::uint64_t table = std::uint64_t{h.e_phnum} * sizeof(Segment);
  std::uint64_t sections = std::uint64_t{h.e_shnum} * h.e_shentsize;
  if (h.e_phnum == 0 || h.e_phentsize != sizeof(Segment)) return unreadable("its program headers are broken");
  if (!inside(h.e_phoff, table, file) || (h.e_shnum && !inside(h.e_shoff, sections, file)))
    return unreadable("truncated");
  std::vector<Segment> segments(h.e_phnum);
  if (::pread(fd, segments.data(), table, static_cast<off_t>(h.e_phoff)) != static_cast<ssize_t>(table)) {
    return unreadable("truncated");
  }
  for (const Segment& s : segments) {
    if (s.p_type == PT_LOAD && !inside(s.p_offset, s.p_filesz, file)) return unreadable("truncated");
  }
  return {};
}

Result<void> check_content(int fd, std::uint64_t size) {
  if (size == 0) return unreadable("an empty file");
  Header h;
  if (::pread(fd, &h, sizeof h, 0) != sizeof h || std::memcmp(h.e_ident, ELFMAG, SELFMAG) != 0) {
    return unreadable("not an ELF file");
  }
  if (h.e_ident[EI_CLASS] != kClass || h.e_ident[EI_DATA] != kData ||
      (kMachine != EM_NONE && h.e_machine != kMachine)) {
    return unreadable("built for another machine: ELF class " + std::to_string(h.e_ident[EI_CLASS]) + ", machine " +
                      std::to_string(h.e_machine) + "; this program is class " + std::to_string(kClass) + ", machine " +
                      std::to_string(kMachine));
  }
  if (h.e_type != ET_DYN) return unreadable("not a shared object");
  return check_segments(fd, h, size);
}

Result<void> check_rights(const struct stat& info, const std::string& what) {
  if (::geteuid() != 0) return {};
  bool others = (info.st_mode & S_IWOTH) != 0 && !(S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX));
  if (others) return Error{Errc::permission, what + " is writable by everybody, and this program runs as root"};
  return {};
}

// Who may write to any directory above the file can put another file in its place.
Result<void> check_directories(const std::string& path) {
  for (std::size_t slash = path.rfind('/'); slash != std::string::npos; slash = path.rfind('/', slash - 1)) {
    std::string directory = path.substr(0, std::max<std::size_t>(slash, 1));
    struct stat info {};
    if (::stat(directory.c_str(), &info) == 0) {
      if (auto safe = check_rights(info, "its directory " + config::printable(directory, 4096)); !safe) return safe;
    }
    if (slash == 0) break;
  }
  return {};
}

}  // namespace

Result<struct stat> check_file(const std::string& path) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat info {};
  if (file.fd < 0 || ::fstat(file.fd, &info) != 0) {
    int code = errno;
    Errc kind = code == ENOENT || code == ENOTDIR ? Errc::not_found : code == EACCES ? Errc::permission : Errc::invalid;
    return Error{kind, std::strerror(code)};
  }
  if (S_ISDIR(info.st_mode)) return unreadable("a directory, not a file");
  if (!S_ISREG(info.st_mode)) return unreadable("not a plain file");
  if (auto safe = check_rights(info, "the file"); !safe) return safe.error();
  if (auto safe = check_directories(path); !safe) return safe.error();
  if (auto sound = check_content(file.fd, static_cast<std::uint64_t>(info.st_size)); !sound) return sound.error();
  return info;
}

}  // namespace penstock::plugins
