#!/usr/bin/env bash
# The main job, as a user runs it: its sums are what sha256sum says, on every backend; killed at random
# moments and started again it loses no file and does none twice that was done.
#   digest.sh DIGEST_PROGRAM
set -u
digest=$(readlink -f "$1")
source "$(dirname "$(readlink -f "$0")")/../support/checks.sh"

mkdir -p tree/deep/er 'tree/with space'
for i in $(seq 1 400); do seq "$i" >"tree/deep/$i"; done
head -c 300000 /dev/zero >tree/deep/er/zeros
: >tree/empty
echo odd >"tree/with space/back\\slash"
printf 'x' >"tree/with space/new"$'\n'"line"
printf 'y' >"tree/bad"$'\xff'"utf8"
ln -s /etc/passwd tree/link
files=$(find tree -type f -printf x | wc -c)

for backend in sqlite memory; do
  rm -rf out*
  check "$backend: runs" "$digest" --backend "$backend" --output out tree
  check "$backend: sha256sum agrees" sha256sum --quiet -c out
  check "$backend: every file is there" test "$(grep -c . out)" -ge "$files"
  check "$backend: the run is over" test ! -e out.run
done

# A lease of half a second, so that a killed start's leases are soon free.
printf '[worker]\nlease = "500ms"\nthreads = 2\n[backend]\nuse = "sqlite"\n[backend.sqlite]\npath = "%s/kill.db"\n[log]\nlevel = "warn"\n' \
  "$dir" >kill.toml
mkdir big
for i in $(seq 1 1500); do head -c 200000 /dev/zero >"big/$i" && echo "$i" >>"big/$i"; done
kills=0
for wait in 0.15 0.3 0.2 0.4 0.25; do
  "$digest" --config kill.toml --output sums big >start.log 2>&1 &
  pid=$!
  # Until it has begun, then a moment more: where it is hit differs from start to start.
  for _ in $(seq 200); do
    grep -q 'files below' start.log && break
    read -r -t 0.02 _ <> <(:) || true
  done
  read -r -t "$wait" _ <> <(:) || true
  kill -9 "$pid" 2>/dev/null && kills=$((kills + 1))
  wait "$pid" 2>/dev/null
  [[ -e sums ]] && break
done
check "something was killed" test "$kills" -ge 1
if [[ ! -e sums ]]; then check "finishes after $kills kills" "$digest" --config kill.toml --output sums big; fi
check "after kills sha256sum agrees" sha256sum --quiet -c sums
check "after kills every file is there once" test "$(grep -c . sums)" -eq 1500
check "after kills none is doubled" test "$(cut -c67- sums | sort -u | wc -l)" -eq 1500

check "a wrong option is one line and status 2" bash -c '"$1" --nonsense 2>err; test $? -eq 2 && grep -q "unknown option --nonsense" err' _ "$digest"
check "a missing folder is one line" bash -c '"$1" ./nowhere 2>err; test $? -eq 2 && grep -q "there is no ./nowhere" err' _ "$digest"
check "an unknown backend names what is there" bash -c '"$1" --backend nope --output o tree 2>err; test $? -eq 2 && grep -q nope err' _ "$digest"

finish
