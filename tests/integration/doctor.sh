#!/usr/bin/env bash
# `penstock doctor` and `penstock verify` on SQLite and on a redis-server of its own, sound and unsound.
#   doctor.sh PENSTOCK_PROGRAM [redis]
set -u
penstock=$(readlink -f "$1") redis=${2-}
source "$(dirname "$(readlink -f "$0")")/../support/checks.sh"
server=
trap '[[ ! $server ]] || kill "$server" 2>/dev/null; wait; rm -rf "$dir"' EXIT
says() {  # says STATUS LINE...: what doctor, or $command, ends with, and patterns of lines that it prints
  local status=0 wanted=$1 line
  shift
  "$penstock" "${command:-doctor}" >said 2>&1 || status=$?
  cat said
  ((status == wanted)) || return 1
  for line in "$@"; do grep -qE "^$line" said || { echo "no line: $line"; return 1; }; done
}

printf '[backend]\nuse = "memory"\n' >penstock.toml
check "a backend that does not tell of itself" says 0 "durability +memory$" "one whole task +median" "nothing is risky$"
command=verify check "nor has it an audit" says 1 "penstock: backend \"memory\" cannot audit itself$"

printf '[backend]\nuse = "sqlite"\ndurability = "power"\n[backend.sqlite]\npath = "%s/tasks.db"\n' "$dir" >penstock.toml
check "a sound file" says 0 "file +$dir/tasks.db" "version +SQLite 3" "durability +power$" "round trip +median [0-9.]+us" \
  "one whole task +median [0-9.]+(us|ms), longest .* of 50, enqueued" "nothing is risky$"
check "it leaves no tasks behind" bash -c '"$1" stats | grep -E "^penstock.doctor +0 +0 +0 +0 +0 +0 +0 "' _ "$penstock"
sed -i 's|^durability.*|&\nwrap = ["fault"]|; $a [backend.fault]\nseed = 8\ncalls = ["exchange=error 0.5"]' penstock.toml
nothing_waits() { "$penstock" stats good.toml | grep -E "^penstock.doctor +0 +0 +0 +"; }
sed '/wrap/d; /fault/,$d' penstock.toml >good.toml
check "a store that fails in the midst of it" says 1 "penstock: fault of seed 8: exchange 2"
check "its task is cancelled" nothing_waits
sed -i 's|"exchange=error 0.5"|&, "cancel=error 1"|' penstock.toml
check "a store that fails then as well" says 1 "penstock: fault of seed 8: exchange 2"
one_waits() { ! nothing_waits; }
check "its task stays" one_waits
mv good.toml penstock.toml
check "the next one" says 0 "nothing is risky$"
check "ends what was left" bash -c '"$1" stats | grep -E "^penstock.doctor +0 +0 +0 +0 +0 +0 +0 "' _ "$penstock"
command=verify check "verify finds nothing in it" says 0 "[0-9]+ tasks in [0-9.]+(us|ms|s): 0 violations$"
python3 -c 'import sqlite3; db = sqlite3.connect("tasks.db"); db.execute("UPDATE penstock_queue SET ready=7"); db.commit()'
command=verify check "verify finds what is wrong" says 1 "counts: penstock.doctor, ready: it is said to be 7, but is 0$" \
  "[0-9]+ tasks in [0-9.]+(us|ms|s): 1 violation$"
echo "not a database, whatever its name says" >other.db
sed -i 's|tasks.db|other.db|' penstock.toml
check "a file that is none" says 1 "penstock: .*other.db: file is not a database"

if [[ $redis ]]; then
  start() {
    redis-server --port 0 --unixsocket "$dir/redis.sock" --dir "$dir" --save '' "$@" >redis.log &
    server=$!
    until redis-cli -s redis.sock ping 2>/dev/null | grep -q PONG; do kill -0 $server || return 1; done
  }
  stop() { kill "$server" && wait "$server"; server=; }
  printf '[backend]\nuse = "redis"\n[backend.redis]\nurl = "unix://%s/redis.sock"\n' "$dir" >penstock.toml
  check "no server" says 1 "penstock: .*redis.sock"
  start --appendonly yes --appendfsync always --aof-load-truncated no
  check "a sound server" says 0 "server +.*redis.sock" "version +Redis [67]" "durability +power$" "clock +-?[0-9]+ ms ahead" \
    "one whole task +median" "nothing is risky$"
  command=verify check "verify finds nothing in it" says 0 "[0-9]+ tasks in [0-9.]+(us|ms|s): 0 violations$"
  redis-cli -s redis.sock set '{penstock}:mine' 1
  command=verify check "verify finds a key that is not ours" says 1 "keys: key \{penstock\}:mine: nobody knows what it is for$"
  redis-cli -s redis.sock del '{penstock}:mine'
  stop
  start --appendonly yes --appendfsync always
  check "a server that cuts a torn log" says 1 "torn log +cut" "  risk +half a script may count after a crash: " "1 risk$"
  stop
  start --appendonly no
  check "a server without a file" says 1 "durability +memory$" "appendonly +no$" "  risk +tasks end with the server" "1 risk$"
  stop
fi
finish
