// A file that claims to be a module: looked at, never loaded.
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include "fuzz/fuzz.hpp"
#include "plugins/elf.hpp"
#include "plugins/symbols.hpp"

namespace penstock::fuzz {
namespace {

// One file for all inputs.
struct File {
  File() {
    char path[] = "/dev/shm/penstock-fuzz-XXXXXX";
    fd = ::mkstemp(path);
    name = path;
    demand(fd >= 0, "a file in memory");
  }
  ~File() { ::close(fd), ::unlink(name.c_str()); }
  int fd;
  std::string name;
};

}  // namespace

void take(std::string_view input) {
  static const File file;
  demand(::ftruncate(file.fd, 0) == 0, "an empty file");
  demand(::pwrite(file.fd, input.data(), input.size(), 0) == static_cast<ssize_t>(input.size()), "its content");
  const auto found = plugins::check_file(file.name);
  if (!found) demand(one_line(found.error().message), "an error is one line");
  const auto symbols = plugins::read_symbols(file.name);
  if (!symbols) demand(one_line(symbols.error().message), "an error of its symbols is one line");
}

}  // namespace penstock::fuzz
