#!/usr/bin/env bash
# Proves, on real data if ADAM_DATA has them: SIGINT, SIGTERM and SIGUSR1 at random moments end the
# program with status 75 within a second, and the same command, stopped again and again, ends in the
# same bytes as one that was never stopped.
# usage: ADAM_DATA=folder Tests/reliability/interrupt.sh [times]   15 by default
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
times=${1:-15}
options=(--seeds "0,1" --epochs 12 --alpha 0.003)

# is_ready PID: it has ended, or is the program, no longer this shell, and catches SIGUSR1, signal 10: before that the
# loader still works on a busy machine.
program=$(realpath "$bin")
is_ready() {
  local caught
  [ -e "/proc/$1/exe" ] || return 0
  [ "$(readlink "/proc/$1/exe")" = "$program" ] || return 1
  caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status" 2> /dev/null) || return 0
  [ -z "$caught" ] || (((16#$caught >> 9 & 1) == 1))
}

run 0 "${options[@]}" --output "$work/whole.h5"
stopped=0 signals=(INT TERM USR1)
while [ "$stopped" -lt "$times" ]; do
  signal=${signals[stopped % 3]}
  "$bin" "${options[@]}" --output "$work/x.h5" > /dev/null 2>&1 &
  pid=$!
  until is_ready "$pid"; do sleep 0.01; done
  sleep "0.$((RANDOM % 6))"
  start=$EPOCHREALTIME
  kill -"$signal" "$pid" 2> /dev/null || true
  status=0
  wait "$pid" 2> /dev/null || status=$?
  millis=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
  # All runs have ended: begin again.
  if [ "$status" -eq 0 ]; then
    same "$work/x.h5" "$work/whole.h5"
    rm -rf "$work/x.h5" "$work/runs/x.h5"
    continue
  fi
  [ "$status" -eq 75 ] || fail "SIG$signal: status $status"
  [ "$millis" -lt 2000 ] || fail "SIG$signal: took $millis ms"
  stopped=$((stopped + 1))
done
run 0 "${options[@]}" --output "$work/x.h5"
same "$work/x.h5" "$work/whole.h5"
origin=$(h5dump -a data_origin "$work/x.h5" | sed -n 's/.*(0): "\(.*\)".*/\1/p')
say "stopped $stopped times on $origin data, resumed to the same bytes"
