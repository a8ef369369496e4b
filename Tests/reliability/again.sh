#!/usr/bin/env bash
# Proves: a second `make reproduce-all PROFILE=smoke` makes no run, says so, and takes less than two
# seconds; so does every experiment's own command. Interrupted by SIGTERM (what `make` and batch
# systems send) the first one goes on later.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"

make -s reproduce-all PROFILE=smoke > "$work/said" 2>&1 || fail "$(tail -n 5 "$work/said")"
experiments=$(sed -n '/^let experiments/,/^]/s/^  "\(.*\)".*/\1/p' Package.swift | wc -l)
millis=''
# The best of five: other work on the machine is no fault of it.
for _ in 1 2 3 4 5; do
  start=$EPOCHREALTIME
  make -s reproduce-all PROFILE=smoke > "$work/said" 2>&1 || fail "$(tail -n 5 "$work/said")"
  took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
  [ -n "$millis" ] && [ "$took" -ge "$millis" ] || millis=$took
  [ "$(grep -v '^report: ' "$work/said" | grep -c 'nothing to do')" -eq "$experiments" ] || fail "$(cat "$work/said")"
done
[ "$millis" -lt 2000 ] || fail "the second time took $millis ms"
say "the second time did nothing for $experiments experiments, in $millis ms"

setsid make -s reproduce-all PROFILE=smoke OPTIONS=--fresh > "$work/said" 2>&1 &
pid=$!
sleep 0.3
kill -TERM "$pid" 2> /dev/null || true
status=0
wait "$pid" || status=$?
[ "$status" -ne 0 ] || fail "it was not interrupted"
sleep 0.5
if pgrep -s "$pid" > /dev/null; then fail "make has left a process behind"; fi
make -s reproduce-all PROFILE=smoke > "$work/said" 2>&1 || fail "$(tail -n 5 "$work/said")"
say "interrupted (status $status), then completed"
