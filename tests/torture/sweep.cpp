#include "torture/sweep.hpp"

#include <algorithm>
#include <sstream>

namespace penstock::torture {

Sweep::Sweep(const Scratch& scratch, const std::string& base_folder, const Base& base, const Operation& operation)
    : base_folder_(base_folder), base_(base), operation_(operation), place_{scratch.fresh("sweep"), ""} {
  place_.remember = "10s";
  time_.advance(base.clock + operation.later);
  restore();
  before_ = dump();
  {
    auto store = open("");
    if (!store) throw std::runtime_error(store.error().message);
    const auto answered = run(**store);
    if (!answered) throw std::runtime_error(std::string(operation.name) + ": " + answered.error().message);
    answer_ = *answered;
  }
  after_ = dump();
  restore();
}

void Sweep::restore() {
  fs::remove_all(place_.folder);
  fs::copy(base_folder_, place_.folder);
}

std::string Sweep::dump() const { return fs::exists(place_.file()) ? Raw(place_.file()).dump() : ""; }

Result<std::unique_ptr<DurableBackend>> Sweep::open(const std::string& vfs) {
  Place place = place_;
  place.vfs = vfs;
  return create_store(place, host_);
}

Result<void> Sweep::warm(DurableBackend& store) {
  if (auto written = store.exchange({}); !written) return written.error();
  if (auto read = store.counts(); !read) return read.error();
  return {};
}

std::string first_difference(const std::string& expected, const std::string& found) {
  std::istringstream a(expected), b(found);
  std::string table, x, y;
  for (;;) {
    const bool more_x = static_cast<bool>(std::getline(a, x)), more_y = static_cast<bool>(std::getline(b, y));
    if (!more_x) x = "nothing";
    if (!more_y) y = "nothing";
    if (x != y) return table + ": expected " + x.substr(0, 200) + ", found " + y.substr(0, 200);
    if (!more_x) return "no difference";
    if (x.rfind("==", 0) == 0) table = x;
  }
}

Base make_settled_base(const std::string& folder) {
  const Base base = make_base(folder);
  Raw(folder + "/a.db").ask("PRAGMA wal_checkpoint(TRUNCATE)");
  return base;
}

}  // namespace penstock::torture
