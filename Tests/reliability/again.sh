#!/usr/bin/env bash
# Proves: a second `make reproduce-all PROFILE=smoke` makes no run, says so, and takes less than two
# seconds where nothing else is going on: the best of five. What asks it too soon, or whose temporary folder
# cannot be used, makes what there is to make. Interrupted by SIGTERM (what `make` and batch systems send), when
# it asks as when it runs, the first one goes on later and leaves no process behind.
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

all() { make -s reproduce-all PROFILE=smoke > "$work/said" 2>&1 || fail "$(tail -n 5 "$work/said")"; }

TMPDIR=$work/none all
TMPDIR="$work/it's here" all
mkdir "$work/it's here"
TMPDIR="$work/it's here" all
[ -z "$(ls "$work/it's here")" ] || fail "something is left in the temporary folder"
[ "$(grep -v '^report: ' "$work/said" | grep -c 'nothing to do')" -eq "$experiments" ] || fail "$(cat "$work/said")"
rm results/smoke/adamax.h5
all
grep -q 'wrote results/smoke/adamax.h5' "$work/said" || fail "a missing result was not made again"
say "whatever the temporary folder, all is complete at the end"

# interrupted WHEN: TERM once WHEN succeeds.
interrupted() {
  : > "$work/said"
  setsid make -s reproduce-all PROFILE=smoke OPTIONS=--fresh > "$work/said" 2>&1 &
  local pid=$! status=0
  until "$@"; do sleep 0.01; done
  kill -TERM "$pid" 2> /dev/null || true
  wait "$pid" || status=$?
  [ "$status" -ne 0 ] || fail "it was not interrupted"
  sleep 0.5
  if pgrep -s "$pid" > /dev/null; then fail "make has left a process behind"; fi
  all
  say "interrupted (status $status), then completed"
}
is_asking() { pgrep -f -- '--fresh --question' > /dev/null; }
interrupted is_asking
# An experiment has ended, the next one runs.
interrupted grep -q . "$work/said"
