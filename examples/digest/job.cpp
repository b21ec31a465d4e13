#include "job.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace digest {
namespace {

struct File {
  int fd;
  ~File() {
    if (fd >= 0) close(fd);
  }
};

std::string hex(const unsigned char* bytes, unsigned count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < count; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

}  // namespace

penstock::Outcome run(penstock::Context& ctx, const DigestFile& job) {
  auto start = std::chrono::steady_clock::now();
  std::string path(job.path.begin(), job.path.end());
  File file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) {
    std::string why = std::strerror(errno);
    return errno == EMFILE || errno == ENFILE || errno == EINTR ? penstock::retry(why) : penstock::fail(why);
  }
  using Sha = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
  Sha sha(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_DigestInit_ex(sha.get(), EVP_sha256(), nullptr);
  Digested out;
  std::array<char, 1 << 16> room;
  for (;;) {
    if (ctx.stop_token().stop_requested()) return penstock::retry("interrupted");
    ssize_t n = read(file.fd, room.data(), room.size());
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return penstock::fail(std::strerror(errno));
    EVP_DigestUpdate(sha.get(), room.data(), static_cast<std::size_t>(n));
    out.size += static_cast<std::uint64_t>(n);
    out.lines += static_cast<std::uint64_t>(std::count(room.begin(), room.begin() + n, '\n'));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum;
  unsigned length = 0;
  EVP_DigestFinal_ex(sha.get(), sum.data(), &length);
  out.sha256 = hex(sum.data(), length);
  auto took = std::chrono::steady_clock::now() - start;
  out.micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  return penstock::done(std::move(out));
}

}  // namespace digest
