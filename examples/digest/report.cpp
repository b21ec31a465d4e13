#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <unistd.h>

#include <penstock/penstock.hpp>

namespace digest {
namespace {

constexpr std::size_t kBatch = 1024;
constexpr std::size_t kSlowest = 5;

std::string text_of(const DigestFile& file) { return {file.path.begin(), file.path.end()}; }

// For a terminal: what a file name holds must not move the cursor.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

// One line of sha256sum: names with a backslash or a newline are escaped, and the line starts with one.
std::string sum_line(const std::string& sha256, const std::string& path) {
  std::string name;
  for (char c : path) {
    if (c == '\\') {
      name += "\\\\";
    } else if (c == '\n') {
      name += "\\n";
    } else if (c == '\r') {
      name += "\\r";
    } else {
      name += c;
    }
  }
  return (name == path ? "" : "\\") + sha256 + "  " + name + "\n";
}

struct Slow {
  std::int64_t micros;
  std::string path;
};

struct Gathered {
  Summary summary;
  std::uint64_t octets = 0, lines = 0;
  std::vector<Slow> slowest;
  std::map<std::string, std::size_t> reasons;

  void add(const DigestFile& file, const std::optional<penstock::TaskInfo>& info, penstock::TaskManager& tasks,
           std::ofstream& out) {
    if (!info || !penstock::ended(info->status)) {
      ++summary.unfinished;
      return;
    }
    Digested d;
    bool read = info->status == penstock::Status::succeeded &&
                penstock::Payload<Digested>::decode(info->result, tasks.codec(info->result_codec), d);
    if (!read) {
      ++summary.failed;
      ++reasons[info->error.empty() ? penstock::name(info->status) : info->error];
      return;
    }
    ++summary.digested;
    octets += d.size;
    lines += d.lines;
    out << sum_line(d.sha256, text_of(file));
    slowest.push_back({d.micros, text_of(file)});
    std::sort(slowest.begin(), slowest.end(), [](const Slow& a, const Slow& b) { return a.micros > b.micros; });
    if (slowest.size() > kSlowest) slowest.pop_back();
  }
};

void print(const Gathered& g, const std::filesystem::path& output, double seconds, std::size_t before) {
  const Summary& s = g.summary;
  std::printf("\n  digested     %zu files", s.digested);
  if (before) std::printf(", %zu of them before this start", before);
  std::printf("\n  failed       %zu\n  read         %.1f MiB, %llu lines\n  time         %.2f s, %.0f files/s\n",
              s.failed, double(g.octets) / (1 << 20), static_cast<unsigned long long>(g.lines), seconds,
              seconds > 0 ? double(s.digested + s.failed - std::min(before, s.digested)) / seconds : 0);
  if (s.written) std::printf("  results      %s\n", output.c_str());
  if (!g.slowest.empty()) std::printf("\n  slowest files\n");
  for (const Slow& slow : g.slowest)
    std::printf("  %9.2f ms  %s\n", double(slow.micros) / 1e3, printable(slow.path).c_str());
  if (!g.reasons.empty()) std::printf("\n  failures by reason\n");
  for (const auto& [reason, count] : g.reasons) std::printf("  %9zu     %s\n", count, printable(reason).c_str());
  if (s.unfinished) std::printf("\n  %zu files are left: run the same command again to go on\n", s.unfinished);
}

}  // namespace

Summary report(penstock::TaskManager& tasks, const Listing& listing, const std::filesystem::path& output,
               std::chrono::duration<double> took, std::size_t before) {
  std::filesystem::path partial = output;
  partial += ".part";
  std::ofstream out(partial, std::ios::trunc | std::ios::binary);
  Gathered g;
  for (std::size_t at = 0; at < listing.files.size(); at += kBatch) {
    std::vector<penstock::TaskRef> refs;
    for (std::size_t i = at; i < std::min(at + kBatch, listing.files.size()); ++i)
      refs.push_back({kQueue, listing.ids[i]});
    auto infos = tasks.info(refs);
    for (std::size_t i = 0; i < infos.size(); ++i) g.add(listing.files[at + i], infos[i], tasks, out);
  }
  out.close();
  if (!out) throw penstock::Exception({penstock::Errc::resource_exhausted, "cannot write " + partial.native()});
  if (g.summary.unfinished == 0) {
    std::filesystem::rename(partial, output);
    g.summary.written = true;
  } else {
    std::filesystem::remove(partial);
  }
  print(g, output, took.count(), before);
  return g.summary;
}

}  // namespace digest
