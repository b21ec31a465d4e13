#!/usr/bin/env bash
# `penstock run` with a handler module, `penstock stats`, and their misuse.
#   worker.sh PENSTOCK_PROGRAM HANDLERS_MODULE PRODUCER
set -u
penstock=$(readlink -f "$1") module=$(readlink -f "$2") producer=$(readlink -f "$3")
guide=$(dirname "$(readlink -f "$0")")/../../examples/README.md
source "$(dirname "$(readlink -f "$0")")/../support/checks.sh"
printf '[worker]\nhandlers = ["%s"]\n[backend]\nuse = "sqlite"\n[backend.sqlite]\npath = "%s/greetings.db"\n' "$module" "$dir" >penstock.toml

"$penstock" run >run.log 2>&1 &
pid=$!
check "a producer in another process gets its answer" "$producer" penstock.toml world
check "the handler ran" grep -q "greeting world" run.log
check "stats shows the queue" bash -c '"$1" stats | grep -q "^acme"' _ "$penstock"
check "a task that no handler can read fails" "$producer" penstock.toml --broken
kill -TERM "$pid"
wait "$pid"
status=$?
check "SIGTERM ends it with 0" test "$status" -eq 0
id=$(readelf -n "$penstock" | sed -n 's/.*Build ID: //p')
check "stats shows what failed, and in which build" bash -c \
  '"$1" stats | grep -E "^acme +1 +20.*Z  acme.greet: payload of acme.greet: .* \($2" && "$1" explain acme.greet' _ "$penstock" "${id:-penstock-}"

# The config of the guide: settings of a module; and a module that is replaced while a worker runs.
cp "$module" libpenstock-acme.so
sed -n '/^```toml$/,/^```$/{/^```/d; s|/srv/acme|'"$dir"'|; p}' "$guide" >set.toml
check "the settings of a module are checked" bash -c 'sed s/^greeting/greting/ set.toml >typed.toml
for command in "config check" run; do "$1" $command typed.toml 2>err; test $? -eq 2 && grep -q "typed.toml:4: handlers.acme.greting: unknown key; did you mean" err || exit 1; done' _ "$penstock"
check "config show has them" bash -c '"$1" config show set.toml | grep -qx "greeting = \"good morning\""' _ "$penstock"
"$penstock" run --config=set.toml >set.log 2>&1 &
pid=$!
check "they reach it" bash -c '"$1" set.toml world | grep -qx "good morning, world"' _ "$producer"
echo "no module" >new && mv new libpenstock-acme.so
check "a worker keeps the module it has" bash -c '"$1" set.toml moon | grep -qx "good morning, moon"' _ "$producer"
kill -TERM "$pid"
wait "$pid"
check "a new one is taken at the next start" bash -c '"$1" run set.toml 2>err; test $? -eq 2 && grep -q "libpenstock-acme.so: not an ELF file" err' _ "$penstock"

check "without handlers there is nothing to run" bash -c 'echo "[backend]
use = \"memory\"" >none.toml; "$1" run none.toml 2>err; test $? -eq 2 && grep -q "names no handler module" err' _ "$penstock"
check "a wrong key is one line with its place" bash -c 'echo "[worker]
thread = 2" >bad.toml; "$1" run bad.toml 2>err; test $? -eq 2 && grep -q "bad.toml:2: worker.thread: unknown key" err && test $(wc -l <err) -eq 1' _ "$penstock"

finish
