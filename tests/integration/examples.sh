#!/usr/bin/env bash
# The small examples do what they say.
#   examples.sh QUICKSTART OUTBOX
set -u
quickstart=$(readlink -f "$1") outbox=$(readlink -f "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
passed=0 failed=0
# check TITLE EXPECTED COMMAND...: the command's lines, sorted, are EXPECTED.
check() {
  local title=$1 expected=$2 seen
  shift 2
  if seen=$("$@" 2>log | sort) && [[ $seen == "$expected" ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "not ok: $title: $seen"
    tail -n 20 log
  fi
}
check "quickstart greets" $'hello, later, attempt 1\nhello, world, attempt 1' "$quickstart"
check "outbox confirms what was committed" $'order 1 is confirmed\norder 3 is confirmed' "$outbox" .

echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
