// Modules that must not get in (RELIABILITY P1): each is refused with its reason, and this process lives.
#include <catch2/catch.hpp>
#include <elf.h>
#include <fcntl.h>
#include <filesystem>
#include <random>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/child.hpp"
#include "plugins/module.hpp"
#include "support/rounds.hpp"
#include "unit/plugins/scratch.hpp"

using namespace penstock;
using namespace penstock::testing;
using namespace penstock::plugins;

namespace {

// What is said when the module is opened where it can do no harm; "opened" when it is taken.
std::string verdict(const std::string& path, std::chrono::milliseconds limit = std::chrono::seconds(5)) {
  auto opened = in_child(
      [&]() -> Result<std::string> {
        auto plugin = open_module(path);
        if (!plugin) return plugin.error();
        return std::string("opened");
      },
      limit);
  return opened ? *opened : opened.error().message;
}

struct Bad {
  const char *module, *reason;
};
constexpr Bad kBad[] = {
    {"other_abi", "built for plugin ABI 1, this program has 0"},
    {"abi_number", "built for plugin ABI 7, this program has 0"},
    {"stamped", "debug=1"},
    {"null_stamp", "stamp \"\", this program has \"penstock=0 gxx="},
    {"no_entry", "exports no penstock_plugin_0_no_entry: not a plugin of that name, or its file was renamed"},
    {"unresolved", "undefined symbol: penstock_test_nobody_has_this"},
    {"null_entry", "its entry returns no descriptor"},
    {"small_descriptor", "its descriptor is 8 octets, at least "},
    {"small_component", "a component is 3 octets, at least "},
    {"odd_component", "a component is "},
    {"other_name", "its descriptor calls it \"another\", its file \"other_name\""},
    {"bad_name", "its name \"Bad/Name\" does not match [a-z][a-z0-9_]*"},
    {"null_name", "its name \"\" does not match [a-z][a-z0-9_]*"},
    {"no_version", "it states no version"},
    {"no_components", "it has no components"},
    {"null_components", "the list of components is broken"},
    {"many_components", "the list of components is broken"},
    {"same_component", "component tracer \"first\" is listed twice"},
    {"bad_component", "component tracer \"../x\": kind and name must match [a-z][a-z0-9_]*"},
    {"no_create", "component tracer \"second\" has no create function"},
    {"create_and_wrap", "component tracer \"second\" can be created and can wrap: it must be one of both"},
    {"bad_settings", "component tracer \"first\": setting url: unknown kind of setting"},
    {"bad_fallback", "component tracer \"first\": setting mode: expected one of a, b, got \"c\" as its fallback"},
    {"no_choices", "component tracer \"first\": setting mode: is a choice without choices"},
    {"same_setting", "component tracer \"first\": setting url: declared twice"},
    {"many_settings", "component tracer \"first\" has a broken settings table"},
    {"null_capabilities", "component tracer \"first\" has a broken list of capabilities"},
};

// A copy of the good module's bytes with one thing changed.
template <class Change>
std::string altered(const Folder& folder, Change change) {
  std::string bytes = content(module_file("good"));
  change(bytes, *reinterpret_cast<Elf64_Ehdr*>(bytes.data()));
  write(folder / "libpenstock-good.so", bytes);
  return verdict(folder / "libpenstock-good.so");
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

TEST_CASE("the good module is taken, and one of later headers too") {
  CHECK(verdict(module_file("good")) == "opened");
  auto newer = open_module(module_file("newer"));
  REQUIRE(newer);
  CHECK(newer->components.size() == 2);
  CHECK(newer->find("limiter", "newer"));
}

TEST_CASE("modules with a broken descriptor are refused, with the path and the reason") {
  for (const Bad& bad : kBad) {
    CAPTURE(bad.module);
    std::string said = verdict(module_file(bad.module));
    CHECK(said.rfind(module_file(bad.module) + ": ", 0) == 0);
    CHECK_THAT(said, Catch::Contains(bad.reason));
    auto direct = open_module(module_file(bad.module));  // and this process survives it
    REQUIRE_FALSE(direct);
    CHECK(direct.error().message == said);
  }
}

TEST_CASE("a refusal for the stamp shows both") {
  std::string said = open_module(module_file("stamped")).error().message;
  CHECK_THAT(said, Catch::Contains("debug=1") && Catch::Contains("this program has \"" PENSTOCK_ABI_STAMP "\""));
}

TEST_CASE("modules that die, block or end while they load take only the child with them") {
  CHECK(verdict(module_file("aborts")) == "the process that opened it died: Aborted");
  CHECK(verdict(module_file("aborts_in_entry")) == "the process that opened it died: Aborted");
  CHECK(verdict(module_file("throws")).rfind("the process that opened it died", 0) == 0);
  CHECK(verdict(module_file("exits")) == "the process that opened it ended with status 0");
  CHECK(verdict(module_file("crashes")) != "opened");
  CHECK(verdict(module_file("floods")) == "it says more than 1MiB");
  CHECK(verdict(module_file("blocks"), std::chrono::milliseconds(300)) == "not done within 300 ms");
}

TEST_CASE("files that are no whole module of this machine are refused before they are loaded") {
  Folder folder;
  CHECK(ends_with(altered(folder, [](std::string& b, Elf64_Ehdr&) { b.clear(); }), ": an empty file"));
  CHECK(
      ends_with(altered(folder, [](std::string& b, Elf64_Ehdr&) { b = "#!/bin/sh\nexit 0\n"; }), ": not an ELF file"));
  CHECK(ends_with(altered(folder, [](std::string& b, Elf64_Ehdr&) { b.resize(20); }), ": not an ELF file"));
  CHECK_THAT(altered(folder, [](std::string&, Elf64_Ehdr& h) { h.e_machine = EM_S390; }),
             Catch::Contains("built for another machine: ELF class 2, machine 22; this program is class "));
  CHECK_THAT(altered(folder, [](std::string&, Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32; }),
             Catch::Contains("built for another machine"));
  CHECK_THAT(altered(folder, [](std::string&, Elf64_Ehdr& h) { h.e_ident[EI_DATA] = ELFDATA2MSB; }),
             Catch::Contains("built for another machine"));
  CHECK(ends_with(altered(folder, [](std::string&, Elf64_Ehdr& h) { h.e_type = ET_REL; }), ": not a shared object"));
  CHECK(ends_with(altered(folder, [](std::string&, Elf64_Ehdr& h) { h.e_phnum = 0; }),
                  ": its program headers are broken"));
  CHECK(ends_with(altered(folder, [](std::string&, Elf64_Ehdr& h) { h.e_phoff = ~0ULL - 8; }), ": truncated"));
  CHECK(ends_with(altered(folder, [](std::string&, Elf64_Ehdr& h) { h.e_shoff = ~0ULL - 8; }), ": truncated"));
}

TEST_CASE("a module cut anywhere is refused, and nobody dies of it") {
  Folder folder;
  std::size_t whole = content(module_file("good")).size();
  for (int i = 0; i < 40; ++i) {
    std::string said =
        altered(folder, [&](std::string& b, Elf64_Ehdr&) { b.resize(whole * static_cast<unsigned>(i) / 40); });
    CAPTURE(i, said);
    CHECK(
        (ends_with(said, ": truncated") || ends_with(said, ": not an ELF file") || ends_with(said, ": an empty file")));
  }
}

TEST_CASE("a module with flipped bits does this process no harm") {
  Folder folder;
  std::mt19937 random(11);
  for (int i = 0; i < rounds(60); ++i) {
    std::string said = altered(folder, [&](std::string& b, Elf64_Ehdr&) {
      for (int n = 0; n < 8; ++n) b[random() % 4096] ^= static_cast<char>(1u << random() % 8);
    });
    CHECK_FALSE(said.empty());
  }
}

TEST_CASE("paths that name no module are refused") {
  Folder folder;
  std::filesystem::copy_file(module_file("good"), folder / "libpenstock-renamed.so");
  CHECK_THAT(verdict(folder / "libpenstock-renamed.so"), Catch::Contains("its file was renamed"));
  for (const char* name :
       {"good.so", "libpenstock-.so", "libpenstock-Good.so", "libpenstock-a-b.so", "libpenstock-good.so.1"}) {
    CAPTURE(name);
    std::filesystem::copy_file(module_file("good"), folder / name);
    CHECK(ends_with(verdict(folder / name), ": a module's file is named libpenstock-NAME.so"));
  }
  CHECK(ends_with(verdict("libpenstock-good.so"), ": not an absolute path"));
  CHECK(ends_with(verdict("./libpenstock-good.so"), ": not an absolute path"));
  CHECK(ends_with(verdict(folder / "libpenstock-gone.so"), ": No such file or directory"));
  std::filesystem::create_directory(folder / "libpenstock-folder.so");
  CHECK(ends_with(verdict(folder / "libpenstock-folder.so"), ": a directory, not a file"));
  REQUIRE(::mkfifo((folder / "libpenstock-fifo.so").c_str(), 0600) == 0);
  CHECK(ends_with(verdict(folder / "libpenstock-fifo.so"), ": not a plain file"));
  std::filesystem::create_symlink("libpenstock-loop.so", folder / "libpenstock-loop.so");
  CHECK(ends_with(verdict(folder / "libpenstock-loop.so"), ": Too many levels of symbolic links"));
}

TEST_CASE("as root, a module that anybody may write to is refused") {
  Folder folder;
  std::string path = folder / "libpenstock-good.so";
  std::filesystem::copy_file(module_file("good"), path);
  bool root = ::geteuid() == 0;
  REQUIRE(::chmod(path.c_str(), 0777) == 0);
  CHECK(
      ends_with(verdict(path), root ? ": the file is writable by everybody, and this program runs as root" : "opened"));
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
  std::string open_to_all =
      ": its directory " + folder.path() + " is writable by everybody, and this program runs as root";
  CHECK(ends_with(verdict(path), root ? open_to_all : "opened"));
  std::string deep = folder / "deep/er";
  std::filesystem::create_directories(deep);
  std::filesystem::copy_file(path, deep + "/libpenstock-good.so");
  CHECK(ends_with(verdict(deep + "/libpenstock-good.so"), root ? open_to_all : "opened"));
  REQUIRE(::chmod(folder.path().c_str(), 01777) == 0);  // as /tmp: nobody can move what is another's
  CHECK(verdict(path) == "opened");
  REQUIRE(::chmod(folder.path().c_str(), 0700) == 0);
  CHECK(verdict(path) == "opened");
  CHECK(verdict(deep + "/libpenstock-good.so") == "opened");
}

TEST_CASE("a program, and a module whose library is missing, are refused by the loader's own words") {
  Folder folder;
  std::filesystem::copy_file("/proc/self/exe", folder / "libpenstock-program.so");
  CHECK_THAT(verdict(folder / "libpenstock-program.so"),
             Catch::Contains("cannot dynamically load position-independent executable") ||
                 Catch::EndsWith(": not a shared object"));
  CHECK_THAT(altered(folder,
                     [](std::string& b, Elf64_Ehdr&) {
                       const std::string needed = "libstdc++.so.6", absent = "libnobody.so.6";
                       b.replace(b.find(needed), needed.size(), absent);
                     }),
             Catch::Contains("libnobody.so.6: cannot open shared object file"));
}
