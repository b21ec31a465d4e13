#!/usr/bin/env bash
# Flow control by hand, while a worker runs: what the commands set holds at once, and they show it.
#   flow.sh PENSTOCK_PROGRAM HANDLERS_MODULE PRODUCER
set -u
penstock=$(readlink -f "$1") module=$(readlink -f "$2") producer=$(readlink -f "$3")
source "$(dirname "$(readlink -f "$0")")/../support/checks.sh"
says() { [[ $("${@:2}") == "$1" ]] || { echo "expected $1" && "${@:2}" && false; }; }
fails() { ! "$@"; }
shows() { "${@:2}" | grep -E "$1" || { "${@:2}" && false; }; }
served() {  # the worker has looked at all queues since: what is in others has run
  local i
  for i in 1 2 3; do "$producer" penstock.toml "other$i" others || return 1; done
}
printf '[worker]\nhandlers = ["%s"]\n[backend]\nuse = "sqlite"\n[backend.sqlite]\npath = "%s/greetings.db"\n[limits]\n"acme/tenant" = { running = 3, rate = "30/m", burst = 5 }\n' \
  "$module" "$dir" >penstock.toml

"$penstock" run >run.log 2>&1 &
pid=$!
check "the worker works" "$producer" penstock.toml world
check "the limits of its config are declared" shows \
  '^acme +tenant +3 running, 30/m, burst 5 +declared +0 +0 +not held$' "$penstock" limits

check "a queue is paused" says "acme: held until resumed; limit: none" "$penstock" queues pause acme
check "a task is left there" "$producer" penstock.toml --leave kept
check "other queues go on" served
check "it waits" shows '^acme +0 +1 +0 +0  held until resumed +none$' "$penstock" queues
check "a queue is resumed" says "acme: not held; limit: none" "$penstock" queues resume acme
check "a queue gets a weight" says "acme: weight 5" "$penstock" queues weight acme 5
check "it is shown" shows '^acme .* none; weight 5$' "$penstock" queues
check "it is taken away" says "acme: weight of the config" "$penstock" queues weight acme --reset
check "it is shown no more" shows '^acme .* none$' "$penstock" queues
check "a weight or --reset is wanted" fails "$penstock" queues weight acme
check "a weight is a number" fails "$penstock" queues weight acme 5x
check "a weight is above 0" fails "$penstock" queues weight acme 0
check "the queue goes on" "$producer" penstock.toml next
check "what waited has run" grep -q "greeting kept" run.log

check "a limit is set" says "acme: not held; limit: 0 running (operator)" "$penstock" limits set acme --running=0
check "a task is left behind the limit" "$producer" penstock.toml --leave still
check "other queues go on" served
check "it waits behind the limit" shows '^acme +0 +1 +0 +0  not held +0 running \(operator\)$' "$penstock" queues
check "the limit is raised" says "acme: not held; limit: 2 running (operator)" "$penstock" limits set acme --running=2
check "the queue goes on" "$producer" penstock.toml again
check "what waited has run" grep -q "greeting still" run.log
check "the limit is taken away" says "acme: not held; limit: none" "$penstock" limits reset acme

check "what is not named of a limit stays" says \
  "acme, gate tenant: not held; limit: 1 running, 30/m, burst 5 (operator)" "$penstock" limits set acme tenant --running=1
check "a class's limit goes for its gates" says \
  $'acme, gate tenant:a\\x09b: held for 1h; limit: 1 running, 30/m, burst 5 (operator, for tenant)' \
  "$penstock" queues pause acme $'tenant:a\tb' --for=1h
check "the operator's limit goes" says "acme, gate tenant: not held; limit: 3 running, 30/m, burst 5 (declared)" \
  "$penstock" limits reset acme tenant
check "the declared limit goes" says "acme, gate tenant: not held; limit: none" \
  "$penstock" limits reset acme tenant --declared
check "explain shows what is set" shows '^acme +tenant:a\\x09b +none +- +0 +0 +held for' "$penstock" explain acme.greet

check "everything is paused" says "*: held until resumed" "$penstock" queues pause '*'
check "that is the first line" bash -c '"$1" queues | head -n 1 | grep -qx "queue \"\*\", all of them: held until resumed"' _ "$penstock"
check "a queue that is resumed is still held with all" says \
  'acme: not held; limit: none; queue "*", all of them: held until resumed' "$penstock" queues resume acme
check "everything goes on" says "*: not held" "$penstock" queues resume '*'
check "the worker works as before" "$producer" penstock.toml "at last"
kill -TERM "$pid"
wait "$pid"
status=$?
check "SIGTERM ends it with 0" test "$status" -eq 0

finish
