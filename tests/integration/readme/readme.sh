#!/usr/bin/env bash
# What the README shows is so: its programs run, its commands and folders are there. (readme.py compiles
# the rest, and checks the configs.)
#   readme.sh ROOT PENSTOCK PROGRAM [FRAGMENT]
set -u
root=$1 penstock=$(readlink -f "$2") program=$(readlink -f "$3") fragment=${4:+$(readlink -f "$4")}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
passed=0 failed=0
check() {  # check TITLE COMMAND...
  local title=$1
  shift
  if "$@" >log 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "not ok: $title"
    tail -n 20 log
  fi
}
check "the program runs" bash -c '"$1" | sort | tr "\n" "|" | grep -Fx "hello, later, attempt 1|hello, world, attempt 1|"' _ "$program"
[[ ! $fragment ]] || check "the fragment about the outbox does what it says" "$fragment"
for command in $(grep -o '`penstock [a-z]* [a-z]*`\|`penstock [a-z]*`\|/dev penstock [a-z]* [a-z]*' "$root/README.md" | tr -d '`' | sed 's/.*penstock //; s/ /_/' | sort -u); do
  check "penstock ${command/_/ } is a command" bash -c '"$1" help | grep -q "  $2"' _ "$penstock" "${command/_/ }"
done
for command in $(grep -o '\./dev [a-z]*' "$root/README.md" | cut -d' ' -f2 | sort -u); do
  check "./dev $command is a command" bash -c 'HOME=$PWD "$1/dev" help | grep -Eq "(^  |, )$2( |$)"' _ "$root" "$command"
done
for path in $(grep -o '`[a-z_]*/[a-z_/.]*`' "$root/README.md" | tr -d '`' | sort -u); do
  check "$path is there" bash -c 'compgen -G "$1/$2" || compgen -G "$1/include/$2" || compgen -G "$1/framework/$2" || compgen -G "$1/tests/$2" || compgen -G "$1/include/penstock/$2"' _ "$root" "$path"
done

echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
