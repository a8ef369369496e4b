#!/usr/bin/env bash
# Proves: results are what they say. What another program adds to a result file by h5py is left alone
# and kept, what it changes is refused; another user's files are told, not replaced.
# shellcheck source=Tests/reliability/common.sh
. "$(dirname "$0")/common.sh"

report=$(dirname "$bin")/report
output=$work/o/x.h5

if [ -n "$python" ]; then
  run 0 "${tiny[@]}" --output "$output"
  "$python" - "$output" << 'PYTHON'
import sys, h5py
with h5py.File(sys.argv[1], "r+") as file:
    file.attrs["checked_by"] = "me"
    file.attrs["is_good"] = True
    file["train_cost"].attrs["note"] = "looks right"
    file.create_group("mine")["values"] = [1.0, 2.0]
PYTHON
  cp "$output" "$work/edited.h5"
  run 0 "${tiny[@]}" --output "$output"
  said "nothing to do"
  cmp -s "$output" "$work/edited.h5" || fail "additions did not stay where nothing was to do"
  "$report" --check "$output" > "$work/said" 2>&1 || fail "report --check: $(cat "$work/said")"
  run 0 "${tiny[@]}" --output "$output" --seeds 0,1
  said "the old one is kept as $output.old-1"
  cmp -s "$output.old-1" "$work/edited.h5" || fail "the file with additions is lost"
  say "what h5py adds is left alone, and kept where the file is written anew"

  "$python" - "$output" << 'PYTHON'
import sys, h5py
with h5py.File(sys.argv[1], "r+") as file:
    file["train_cost"][...] *= 0.5
PYTHON
  cp "$output" "$work/edited.h5"
  run 65 "${tiny[@]}" --output "$output" --seeds 0,1
  said "$output was changed by another program"
  cmp -s "$output" "$work/edited.h5" || fail "the changed file was replaced"
  status=0
  "$report" --results "$work/o" --output "$work/report" > "$work/said" 2>&1 || status=$?
  [ "$status" -eq 65 ] || fail "report ended with $status: $(cat "$work/said")"
  said "$output was changed by another program"
  say "a result file whose numbers were changed is refused by experiment and report"
else
  echo "h5py is missing, foreign edits are not checked: apt-get install python3-h5py"
fi

# Another user's files in a shared folder; only root can play both.
other=(setpriv --reuid 65534 --regid 65534 --clear-groups)
if [ "$(id -u)" -eq 0 ] && "${other[@]}" test -x "$bin"; then
  chmod 755 "$work"
  mkdir -m 777 "$work/shared"
  mine=$work/shared/y.h5
  (umask 077 && run 0 "${tiny[@]}" --output "$mine")
  chmod 777 "$work/shared/runs" "$work/shared/runs/y.h5"
  rm "$mine"
  before=$(find "$work/shared" -type f -exec sha256sum {} + | sort)
  for mode in "" --list --status; do
    status=0
    # shellcheck disable=SC2086  # no mode is no argument
    "${other[@]}" "$bin" "${tiny[@]}" --output "$mine" $mode > "$work/said" 2>&1 || status=$?
    [ "$status" -eq 66 ] || fail "status $status for another user's runs: $(cat "$work/said")"
    said "Permission denied"
  done
  [ "$before" = "$(find "$work/shared" -type f -exec sha256sum {} + | sort)" ] \
    || fail "another user's runs were changed"
  say "another user's runs are told, not replaced"
else
  echo "shared folders are not checked: that takes root and setpriv"
fi
