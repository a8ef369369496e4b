#!/usr/bin/env bash
# Proves: whichever call to the file system goes wrong (fails once, fails from then on as a full or
# broken disk does, writes short, is the process's last), the result file is afterwards absent, the
# old complete one or the new complete one, and the same command then ends in the same bytes as if
# nothing had happened; a complaint is one line with status 73 or 74, and no temporary stays.
# usage: Tests/reliability/faults.sh [stride]   every stride-th call; 1, the default, is every call
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
stride=${1:-1}

run 0 "${tiny[@]}" --output "$work/new.h5"
run 0 "${tiny[@]}" --seeds 1 --output "$work/old.h5"
figure=mnist-logistic-custom.svg

# try FAULT CALL CODE [old]: exit status 1 if the fault came after the last call.
try() {
  local fault=$1 call=$2 code=$3 had_old=${4:-} status=0 at="$1 at call $2 $3 ${4:-}"
  local out=$work/x/x.h5
  rm -rf "$work/x"
  mkdir "$work/x"
  # An older complete result, of another seed, is replaced.
  [ -z "$had_old" ] || cp "$work/old.h5" "$out"
  # The outer redirection is for what the shell says of a killed process.
  {
    ADAM_REPRODUCTION_FAULT=$fault:$call:$code "$bin" "${tiny[@]}" --output "$out" \
      > /dev/null 2> "$work/errors"
  } 2> /dev/null || status=$?
  case $fault,$status in
    kill,137 | short,0 | once,0 | fail,0 | kill,0) ;;
    once,7[34] | fail,7[34])
      [ "$(wc -l < "$work/errors")" -eq 1 ] || fail "$at: $(cat "$work/errors")"
      ;;
    *) fail "$at: status $status: $(cat "$work/errors")" ;;
  esac
  if [ ! -e "$out" ]; then
    [ -z "$had_old" ] || fail "$at: the old result file is gone"
  elif [ "$(content "$out")" != "$(content "$work/old.h5")" ]; then
    same "$out" "$work/new.h5"
  elif [ -z "$had_old" ]; then
    fail "$at: a result file that should not be"
  fi
  run 0 "${tiny[@]}" --output "$out"
  same "$out" "$work/new.h5"
  cmp -s "$work/x/figures/x.h5/$figure" "$work/figures/new.h5/$figure" || fail "$at: the figure differs"
  if find "$work/x" \( -name '*.partial' -o -name '*.lock' -o -name '*.checkpoint' \) \
    | grep -q .; then
    fail "$at: left behind: $(find "$work/x" -type f)"
  fi
  [ "$fault" != kill ] || [ "$status" -ne 0 ]
}

calls=1
while try kill "$calls" "" old; do calls=$((calls + stride)); done
say "SIGKILL over an older result: $((calls - 1)) calls, stride $stride"
for fault in kill: once:28 once:5 fail:28 fail:5 short:; do
  for ((call = 1; call <= calls; call += stride)); do
    try "${fault%%:*}" "$call" "${fault#*:}" || true
  done
  say "fault $fault at each of $((calls - 1)) calls, stride $stride"
done
say "$checks checks"
