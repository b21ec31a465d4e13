#include "files.hpp"

#include <algorithm>
#include <fstream>
#include <openssl/evp.h>
#include <sys/stat.h>

namespace digest {
namespace {

namespace fs = std::filesystem;

penstock::TaskId id_of(const std::string& run, const DigestFile& file) {
  std::string text = run + '\0' + std::string(file.path.begin(), file.path.end()) + '\0' + std::to_string(file.size) +
                     '\0' + std::to_string(file.mtime_ns);
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), sum, &length, EVP_sha256(), nullptr);
  penstock::TaskId id;
  std::copy_n(sum, id.bytes.size(), id.bytes.begin());
  id.bytes[6] = static_cast<unsigned char>(0x80 | (id.bytes[6] & 0x0f));  // UUIDv8, RFC 9562
  id.bytes[8] = static_cast<unsigned char>(0x80 | (id.bytes[8] & 0x3f));
  return id;
}

}  // namespace

Listing list_files(const fs::path& root, const std::string& run) {
  Listing out;
  auto add = [&](const fs::path& path) {
    struct stat st {};
    if (lstat(path.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) return;
    const std::string& name = path.native();
    out.files.push_back({{name.begin(), name.end()},
                         static_cast<std::uint64_t>(st.st_size),
                         std::int64_t{st.st_mtim.tv_sec} * 1'000'000'000 + st.st_mtim.tv_nsec});
  };
  add(root);
  std::vector<fs::path> folders{root};
  while (!folders.empty()) {
    fs::path folder = std::move(folders.back());
    folders.pop_back();
    std::error_code error;
    if (!fs::is_directory(folder, error)) continue;
    fs::directory_iterator entries(folder, error);
    if (error) {
      out.unreadable.push_back(folder.native() + ": " + error.message());
      continue;
    }
    for (; entries != fs::directory_iterator(); entries.increment(error)) {
      if (error) break;
      if (entries->is_directory(error) && !entries->is_symlink(error)) {
        folders.push_back(entries->path());
      } else {
        add(entries->path());
      }
    }
  }
  std::sort(out.files.begin(), out.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  for (const DigestFile& file : out.files) out.ids.push_back(id_of(run, file));
  return out;
}

Run take_up(const fs::path& file, const fs::path& root) {
  std::string name, of;
  if (std::ifstream in(file); in && std::getline(in, name) && std::getline(in, of) && of == root.native())
    return {name, true};
  name = to_text(penstock::make_task_id());
  std::ofstream out(file, std::ios::trunc);
  out << name << '\n' << root.native() << '\n';
  if (!out.flush()) throw penstock::Exception({penstock::Errc::permission, "cannot write " + file.native()});
  return {name, false};
}

}  // namespace digest
