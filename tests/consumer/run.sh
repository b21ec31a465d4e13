#!/usr/bin/env bash
# Penstock as outsiders get it: as a Meson subproject, static and shared, and installed, static and shared,
# through pkg-config. Each time a program runs durable tasks on memory and SQLite, once with the plugins
# linked in and once with modules that it loads; a plugin of its own is loaded as well, and checked. The examples
# that are projects of their own are built against what is installed.
#   run.sh [FOLDER]    FOLDER is made anew, used, and left there
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(realpath -m "${1:-$root/build/consumer}")
rm -rf "$work" && mkdir -p "$work" || exit 1
cd "$work" || exit 1
has() { command -v "$1" >/dev/null; }
export CCACHE_NOHASHDIR=1  # the builds are of the same sources: one compiles, the others find it done
ccache=
! has ccache || ccache='ccache '
export CXX="${ccache}g++"
warnings=(-std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Werror)
passed=0 failed=0

check() {  # check TITLE COMMAND...
  local title=$1 start=$SECONDS
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok: $title ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    echo "not ok: $title"
    tail -n 20 "$work/log"
    return 1
  fi
}

copy_consumer() {  # into folder $1
  mkdir -p "$1" && cp "$here"/{meson.build,main.cpp,acme.cpp,kit.cpp,handlers.cpp} "$1"
}
options=(--buildtype=plain "--prefix=$work/prefix")  # one prefix for all, as it is compiled in

# An example that is a project of its own, against what is installed.
example() {  # example NAME
  local build=$work/example-$1
  check "example $1: configures" meson setup "$build" "$root/examples/$1" --buildtype=plain --wrap-mode=nofallback \
    -Dwerror=true -Dcpp_args=-Wconversion &&
    check "example $1: builds without a warning" ninja -C "$build" &&
    check "example $1: works" meson test -C "$build"
}

# Runs both programs of the build $1; modules are in the folder $2, or where the library looks by itself.
run_consumer() {
  local program modules=${2-}
  for program in penstock-builtin penstock; do
    rm -rf data && mkdir data || return 1
    if [[ $program == penstock && $modules ]]; then
      PENSTOCK_PLUGIN_PATH=$modules "$1/consumer-$program" data || return 1
    else
      "$1/consumer-$program" data || return 1
    fi
  done
  "$1/consumer-testing" && "$1/consumer-kit"
}

linked() {  # linked shared|static PROGRAM
  if [[ $1 == shared ]]; then ldd "$2" | grep -q libpenstock; else ! ldd "$2" | grep libpenstock; fi
}

as_subproject() {  # as_subproject static|shared
  local source=$work/$1 build=$work/$1/build
  copy_consumer "$source" && mkdir -p "$source/subprojects" && ln -s "$root" "$source/subprojects/penstock"
  check "subproject, $1: configures" meson setup "$build" "$source" "${options[@]}" "-Ddefault_library=$1" &&
    check "subproject, $1: builds without a warning" ninja -C "$build" &&
    check "subproject, $1: works" run_consumer "$build" "$build/subprojects/penstock/plugins"
  check "subproject, $1: installs nothing of ours" bash -c \
    'DESTDIR="$1/destination" ninja -C "$2" install && ! find "$1/destination" -name "*penstock*" | grep .' _ "$source" "$build"
}

plugin_as_parent() {  # a new plugin that has Penstock as its subproject, and its program for the test
  check "subproject: a new plugin builds and passes the kit" bash -c \
    'LD_LIBRARY_PATH=$3 "$1/prefix/bin/penstock" plugin new mine parent && mkdir parent/subprojects && ln -s "$2" parent/subprojects/penstock &&
     meson setup parent/build parent "${@:4}" -Dwerror=true && meson test -C parent/build "the conformance kit"' _ \
    "$work" "$root" "$(dirname "$(find "$work/prefix" -name 'libpenstock.so' | head -n 1)")" "${options[@]}"
}

installed() {
  local source=$work/installed build=$work/installed/build library link
  # Where a subproject lies, seen from its build, and with its options: so what is compiled here serves those as well.
  local project=$work/core/subprojects/penstock
  mkdir -p "$project" && cp -r "$root"/{meson.build,meson_options.txt,framework,plugins,include,examples} "$project"
  check "installs" bash -c 'meson setup core/build "$1" "${@:2}" && ninja -C core/build install' _ \
    "$project" "${options[@]}" -Dwerror=true -Ddefault_library=both -Dtests=disabled -Dexamples=disabled || return
  library=$(dirname "$(find "$work/prefix" -name 'libpenstock.so' | head -n 1)")
  export PKG_CONFIG_PATH=$library/pkgconfig LD_LIBRARY_PATH=$library PATH=$work/prefix/bin:$PATH
  copy_consumer "$source"
  for link in shared static; do
    check "installed, $link: configures" meson setup "$build-$link" "$source" --buildtype=plain --wrap-mode=nofallback \
      "-Dprefer_static=$([[ $link == static ]] && echo true || echo false)" &&
      check "installed, $link: builds without a warning" ninja -C "$build-$link" &&
      check "installed, $link: works" run_consumer "$build-$link" &&
      check "installed, $link: is it" linked "$link" "$build-$link/consumer-penstock"
  done
  check "installed: a stranger's plugin is loaded" bash -c \
    'PENSTOCK_PLUGIN_PATH="$1" penstock plugin inspect acme | grep "tracer.acme"' _ "$build-shared"
  example zstd
  example filesystem
  check "installed: a new plugin builds, passes the kit, is installed and found" bash -c \
    'penstock plugin new mine new && meson setup new/build new -Dwerror=true --wrap-mode=nofallback && ninja -C new/build install &&
     meson test -C new/build --no-rebuild && penstock plugin check mine --no-bench && penstock plugin inspect mine'
  check "installed: the program of the guide" bash -c \
    'mkdir guide && python3 "$1/blocks.py" "$2" guide && meson setup guide/build guide -Dwerror=true --wrap-mode=nofallback &&
     ninja -C guide/build && cd guide && ./build/jobs | grep -x "half of 84 is 42"' _ "$here" "$root/examples/README.md"
  # Without Meson, by both compilers.
  local compiler flags
  read -ra flags <<<"$(pkg-config --cflags --libs penstock-builtin sqlite3)"
  for compiler in g++ clang++; do
    has "$compiler" || continue
    check "installed: $compiler and pkg-config, without a warning" \
      "$compiler" "${warnings[@]}" "$source/main.cpp" -o "by-$compiler" "${flags[@]}" &&
      check "installed: the program of $compiler works" bash -c 'rm -rf data && mkdir data && "./by-$1" data' _ "$compiler"
  done
}

headers() {
  local compiler
  (cd "$root/include" && find penstock -name '*.hpp' | sort | sed 's/.*/#include <&>/') >headers.cpp
  for compiler in g++ clang++; do
    has "$compiler" || continue
    check "headers: no warning of $compiler" "$compiler" "${warnings[@]}" -fsyntax-only "-I$root/include" headers.cpp
  done
}

headers
installed
unset PKG_CONFIG_PATH LD_LIBRARY_PATH
as_subproject static
as_subproject shared
plugin_as_parent
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
