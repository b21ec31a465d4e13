#include "base/build_id.hpp"

#include <cstddef>
#include <cstring>
#include <link.h>
#include <string_view>

namespace penstock::base {
namespace {

std::size_t aligned(std::size_t size) { return (size + 3) / 4 * 4; }

std::string hex(std::string_view octets) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (char c : octets) {
    auto octet = static_cast<unsigned char>(c);
    out += {kDigits[octet >> 4], kDigits[octet & 15]};
  }
  return out;
}

// The id among the notes of one segment, or nothing. All notes that matter keep to 4 octets, whatever the
// segment says: a linker may put those of 4 and of 8 into one, and the latter's sizes are multiples of 8.
std::string_view id_in(std::string_view notes) {
  ElfW(Nhdr) head;
  while (notes.size() >= sizeof head) {
    std::memcpy(&head, notes.data(), sizeof head);
    const std::size_t described = sizeof head + aligned(head.n_namesz);
    const std::size_t whole = described + aligned(head.n_descsz);
    if (described + head.n_descsz > notes.size()) return {};
    const bool gnu = notes.substr(sizeof head, head.n_namesz) == std::string_view("GNU", 4);
    if (gnu && head.n_type == NT_GNU_BUILD_ID) return notes.substr(described, head.n_descsz);
    notes.remove_prefix(whole < notes.size() ? whole : notes.size());
  }
  return {};
}

// Called with each object that is loaded, the main program first: 1 ends the walk there.
int look(dl_phdr_info* object, std::size_t, void* out) {
  for (std::size_t i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const auto* at = reinterpret_cast<const char*>(object->dlpi_addr + segment.p_vaddr);
    const auto id = id_in({at, segment.p_memsz});
    if (!id.empty()) *static_cast<std::string*>(out) = hex(id);
  }
  return 1;
}

}  // namespace

std::string build_id() {
  std::string out;
  dl_iterate_phdr(look, &out);
  return out.empty() ? std::string("penstock-") + version() : out;
}

}  // namespace penstock::base
