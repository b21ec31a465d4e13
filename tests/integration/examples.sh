#!/usr/bin/env bash
# The small examples, as a user runs them.
#   examples.sh MAILER QUICKSTART OUTBOX TESTING
set -u
mailer=$(readlink -f "$1") quickstart=$(readlink -f "$2") outbox=$(readlink -f "$3") testing=$(readlink -f "$4")
source "$(dirname "$(readlink -f "$0")")/../support/checks.sh"
has() { grep -qx "$1" out; }
# The first mails of the tenants that have few, among those that tenant acme has many of.
turns() { test "$(grep -E ': to ' out | head -n 5 | grep -cE '^(bolt|cosy): ')" -eq 2; }

# With one thread mails are sent in the order in which they are claimed; with two, one may be overtaken on its way.
for use in memory sqlite; do
  for threads in 1 2; do
    name="$use with $threads threads"
    printf '[worker]\nthreads = %s\n[backend]\nuse = "%s"\n' $threads $use >mailer.toml
    [[ $use != sqlite ]] || printf '[backend.sqlite]\npath = "%s/mails%s.db"\n' "$dir" $threads >>mailer.toml
    check "mailer runs on $name" bash -c '"$@" >out' _ "$mailer" mailer.toml
    check "mailer on $name: all mails are sent" test "$(grep -c ': to ' out)" -eq 8
    ((threads > 1)) || check "mailer on $name: tenants take turns" turns
    check "mailer on $name: a mail asked for twice is sent once" has 'asked twice, sent once'
    for tenant in acme bolt cosy; do
      check "mailer on $name: $tenant has one at a time" has "$tenant: at most 1 at once"
    done
    check "mailer on $name: the limit is declared" has 'gate tenant: 1 running, as declared by the type'
  done
done
check "mailer runs without a config" bash -c '"$1" >out' _ "$mailer"
check "mailer without a config: all mails are sent" test "$(grep -c ': to ' out)" -eq 8

check "quickstart runs" bash -c '"$1" >out' _ "$quickstart"
check "quickstart greets" has 'hello, world, attempt 1'
check "quickstart greets later as well" has 'hello, later, attempt 1'

check "outbox runs" bash -c '"$1" . | sort >out' _ "$outbox"
check "outbox confirms what was committed, and nothing else" test "$(cat out)" = $'order 1 is confirmed\norder 3 is confirmed'

check "testing: the tests pass" "$testing"

finish
