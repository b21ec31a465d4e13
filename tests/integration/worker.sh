#!/usr/bin/env bash
# `penstock run` with a handler module, `penstock stats`, and their misuse.
#   worker.sh PENSTOCK_PROGRAM GREET_MODULE PRODUCER
set -u
penstock=$(readlink -f "$1") module=$(readlink -f "$2") producer=$(readlink -f "$3")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
passed=0 failed=0
check() {
  local title=$1
  shift
  if "$@" >"$dir/log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "not ok: $title"
    tail -n 20 "$dir/log"
  fi
}
printf '[worker]\nhandlers = ["%s"]\n[backend]\nuse = "sqlite"\n[backend.sqlite]\npath = "%s/greetings.db"\n' "$module" "$dir" >penstock.toml

"$penstock" run >run.log 2>&1 &
pid=$!
check "a producer in another process gets its answer" "$producer" penstock.toml world
check "the handler ran" grep -q "greeting world" run.log
check "stats shows the queue" bash -c '"$1" stats | grep -q "^greetings"' _ "$penstock"
check "a task that no handler can read fails" "$producer" penstock.toml --broken
kill -TERM "$pid"
wait "$pid"
status=$?
check "SIGTERM ends it with 0" test "$status" -eq 0
id=$(readelf -n "$penstock" | sed -n 's/.*Build ID: //p')
check "stats shows what failed, and in which build" bash -c \
  '"$1" stats | grep -E "^greetings +1 +20.*Z  greet: payload of greet: .* \($2" && "$1" explain greet' _ "$penstock" "${id:-penstock-}"
check "without handlers there is nothing to run" bash -c 'echo "[backend]
use = \"memory\"" >none.toml; "$1" run none.toml 2>err; test $? -eq 2 && grep -q "names no handler module" err' _ "$penstock"
check "a wrong key is one line with its place" bash -c 'echo "[worker]
thread = 2" >bad.toml; "$1" run bad.toml 2>err; test $? -eq 2 && grep -q "bad.toml:2: worker.thread: unknown key" err && test $(wc -l <err) -eq 1' _ "$penstock"

echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
