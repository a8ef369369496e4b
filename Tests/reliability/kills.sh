#!/usr/bin/env bash
# Proves: a real run (profile smoke) that is killed by SIGKILL at a random moment and then resumed
# ends in the bytes of the uninterrupted run, each time. A checkpoint is written after every step,
# so that most kills hit one that is being written.
# usage: Tests/reliability/kills.sh [times]   50 by default
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
times=${1:-50}
options=(--profile smoke --jobs 2)

run 0 "${options[@]}" --output "$work/whole.h5"
# How long the run takes when it writes all those checkpoints: kills come within this time.
start=$EPOCHREALTIME
run 0 "${options[@]}" --checkpoint-interval 0 --output "$work/timed.h5"
micros=$((${EPOCHREALTIME/./} - ${start/./}))
same "$work/timed.h5" "$work/whole.h5"

killed=0 tries=0
while [ "$killed" -lt "$times" ]; do
  tries=$((tries + 1))
  [ "$tries" -le $((10 * times)) ] || fail "the run is too short to be killed"
  out=$work/x/x.h5
  rm -rf "$work/x"
  "$bin" "${options[@]}" --checkpoint-interval 0 --output "$out" > /dev/null 2>&1 &
  pid=$!
  wait_micros=$((RANDOM * RANDOM % micros))
  sleep "$((wait_micros / 1000000)).$(printf %06d $((wait_micros % 1000000)))"
  kill -9 "$pid" 2> /dev/null || true
  status=0
  wait "$pid" 2> /dev/null || status=$?
  # It had ended already: not a kill.
  [ "$status" -eq 137 ] || continue
  killed=$((killed + 1))
  if [ -e "$out" ]; then same "$out" "$work/whole.h5"; fi
  run 0 "${options[@]}" --output "$out"
  same "$out" "$work/whole.h5"
  [ $((killed % 10)) -ne 0 ] || echo "$killed kills, $killed ended in the same bytes"
  if grep -qE 'damaged|starts again' "$work/said"; then
    fail "a kill damaged a file: $(cat "$work/said")"
  fi
done
say "killed at $killed random moments (of $((micros / 1000)) ms), $killed ended in the same bytes"
