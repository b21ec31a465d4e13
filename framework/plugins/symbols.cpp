#include "plugins/symbols.hpp"

#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <link.h>
#include <span>
#include <string_view>

namespace penstock::plugins {
namespace {

using Header = ElfW(Ehdr);
using Part = ElfW(Shdr);
using Symbol = ElfW(Sym);
using Entry = ElfW(Dyn);

struct Broken {
  std::string what;
};

// The file's octets, read with care: every number in it may be wrong.
class Image {
 public:
  explicit Image(std::string bytes) : bytes_(std::move(bytes)) {}

  template <class T>
  std::vector<T> array(std::uint64_t offset, std::uint64_t octets) const {
    const std::string_view from = range(offset, octets);
    std::vector<T> out(from.size() / sizeof(T));
    if (!out.empty()) std::memcpy(static_cast<void*>(out.data()), from.data(), out.size() * sizeof(T));
    return out;
  }
  std::string text(const Part& strings, std::uint64_t at) const {
    const std::string_view all = range(strings.sh_offset, strings.sh_size);
    if (at >= all.size()) throw Broken{"a name lies outside of its table"};
    return std::string(all.substr(at, all.find('\0', at) - at));
  }

 private:
  std::string_view range(std::uint64_t offset, std::uint64_t octets) const {
    if (offset > bytes_.size() || octets > bytes_.size() - offset) throw Broken{"a table lies outside of the file"};
    return std::string_view(bytes_).substr(offset, octets);
  }
  std::string bytes_;
};

const Part& linked(std::span<const Part> parts, const Part& part) {
  if (part.sh_link >= parts.size()) throw Broken{"a table names a section that is not there"};
  return parts[part.sh_link];
}

void read_dynamic(const Image& image, const Part& names, const Part& part, Symbols& out) {
  for (const Entry& e : image.array<Entry>(part.sh_offset, part.sh_size)) {
    if (e.d_tag == DT_NEEDED) out.needed.push_back(image.text(names, e.d_un.d_val));
  }
}

void read_table(const Image& image, const Part& names, const Part& part, Symbols& out) {
  for (const Symbol& s : image.array<Symbol>(part.sh_offset, part.sh_size)) {
    const auto bind = ELF64_ST_BIND(s.st_info), visibility = ELF64_ST_VISIBILITY(s.st_other);
    if (s.st_name == 0 || bind == STB_LOCAL) continue;
    std::string name = image.text(names, s.st_name);
    if (s.st_shndx == SHN_UNDEF) {
      out.undefined.push_back(std::move(name));
    } else if (visibility == STV_DEFAULT || visibility == STV_PROTECTED) {
      if (bind == STB_GNU_UNIQUE) out.unique.push_back(name);
      out.exported.push_back(std::move(name));
    }
  }
}

Symbols read(const Image& image) {
  const Header header = image.array<Header>(0, sizeof(Header)).at(0);
  if (header.e_shentsize != sizeof(Part)) throw Broken{"it has no table of sections"};
  const auto parts = image.array<Part>(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Part));
  Symbols out;
  for (const Part& part : parts) {
    if (part.sh_type == SHT_DYNAMIC) read_dynamic(image, linked(parts, part), part, out);
    if (part.sh_type == SHT_DYNSYM) read_table(image, linked(parts, part), part, out);
  }
  return out;
}

}  // namespace

Result<Symbols> read_symbols(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Errc::not_found, "cannot be opened"};
  try {
    return read(Image({std::istreambuf_iterator<char>(file), {}}));
  } catch (const Broken& b) {
    return Error{Errc::invalid, b.what};
  }
}

}  // namespace penstock::plugins
