#include "log.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "files.hpp"
#include "request.hpp"

namespace filesystem {
namespace {

namespace fs = std::filesystem;

std::string twelve_digits(std::uint64_t number) {
  std::string out = std::to_string(number);
  return std::string(12 - std::min<std::size_t>(12, out.size()), '0') + out;
}

constexpr std::string_view kFolder = "log-";

}  // namespace

Log::Log(std::string folder, bool sync) : root_(std::move(folder)), sync_(sync) {
  fs::create_directories(root_);
  if (newest()) return;
  if (sync_) sync_folder(root_ + "/..");
  start_folder();
}

std::string Log::folder(std::uint64_t number) const {
  return root_ + "/" + std::string(kFolder) + twelve_digits(number);
}
std::string Log::entry(std::uint64_t number) const { return folder(number / kEntries) + "/" + twelve_digits(number); }
std::string Log::scratch() { return root_ + "/scratch-" + std::to_string(random_()); }

std::optional<std::uint64_t> Log::newest() const {
  std::optional<std::uint64_t> out;
  for (const auto& there : fs::directory_iterator(root_)) {
    const std::string name = there.path().filename();
    if (name.rfind(kFolder, 0) != 0) continue;
    out = std::max<std::uint64_t>(out.value_or(0), std::strtoull(name.c_str() + kFolder.size(), nullptr, 10));
  }
  return out;
}

Store& Log::now() {
  for (bool stuck = false;;) {
    if (!sound_) load_newest();
    const bool more = read_entries();
    const std::uint64_t last = newest().value_or(0);
    if (last == folder_number()) return store_;
    if (last + 1 == folder_number()) {  // everything of it is read: the next one is ours to make
      start_folder();
    } else if (more || !stuck) {
      stuck = !more;
    } else {  // we were away for so long that what we had not read is gone
      sound_ = false;
    }
  }
}

// Whether there were any.
bool Log::read_entries() {
  const std::uint64_t before = next_;
  while (auto request = read(entry(next_))) {
    sound_ = false;
    repeat(*request, store_);
    sound_ = true;
    ++next_;
  }
  return next_ != before;
}

bool Log::append(const std::string& request) {
  if (!publish(entry(next_), request, scratch(), sync_)) return false;
  // A folder that the others have left behind long ago would take entries too, if we had made it anew.
  std::optional<std::uint64_t> last;
  try {
    last = newest();
  } catch (const std::system_error& e) {
    throw Uncertain(e.what());
  }
  if (last.value_or(0) > folder_number() + 1) throw Uncertain("the log has gone on without this process");
  sound_ = false;
  ++next_;
  return true;
}

void Log::start_folder() {
  const std::string made = scratch();
  fs::create_directory(made);
  write(made + "/snapshot", store_.save(), sync_);
  if (put_folder(made, folder(folder_number()), sync_)) {
    if (folder_number() > 1) drop_before(folder_number() - 1);
  } else {
    fs::remove_all(made);
  }
}

// Old folders, and scratch files of processes that were killed. Whoever still reads them starts anew.
void Log::drop_before(std::uint64_t number) {
  std::error_code ignored;
  const auto hour_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const auto& there : fs::directory_iterator(root_)) {
    const std::string name = there.path().filename();
    if (name.rfind(kFolder, 0) == 0 && name < std::string(kFolder) + twelve_digits(number)) {
      const std::string away = scratch();  // by one step: nobody finds half of it
      fs::rename(there.path(), away, ignored);
      fs::remove_all(away, ignored);
    } else if (name.rfind("scratch-", 0) == 0 && fs::last_write_time(there.path(), ignored) < hour_ago) {
      fs::remove_all(there.path(), ignored);
    }
  }
}

void Log::load_newest() {
  for (;;) {
    const std::uint64_t number = newest().value_or(0);
    const auto snapshot = read(folder(number) + "/snapshot");
    if (!snapshot) {
      if (newest().value_or(0) != number) continue;  // it was let go meanwhile
      throw std::runtime_error(folder(number) + ": its snapshot is missing");
    }
    store_ = Store::load(*snapshot);
    next_ = number * kEntries;
    sound_ = true;
    return;
  }
}

}  // namespace filesystem
