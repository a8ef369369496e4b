#!/usr/bin/env bash
# Proves: what another program has changed in a result file is noticed wherever the file is read, and
# what it has added is neither taken for damage nor lost without a word. Needs Debian's python3-h5py.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
[ -n "$python" ] || { echo "skipped: python3-h5py is missing (apt-get install python3-h5py)"; exit 0; }
report=.build/release/report

# edit FILE STATEMENT: changes a file that is open as f.
edit() {
  "$python" -c '
import sys, h5py
with h5py.File(sys.argv[1], "r+") as f:
    exec(sys.argv[2])' "$1" "$2"
}

run 0 "${tiny[@]}" --output "$work/whole/x.h5"

# A number that was changed.
for statement in 'f["train_cost"][...] = f["train_cost"][...] * 0.5' \
  'f.attrs["profile"] = "paper"' 'del f["test_error"]'; do
  rm -rf "$work/c"
  cp -r "$work/whole" "$work/c"
  edit "$work/c/x.h5" "$statement"
  before=$(sha256sum < "$work/c/x.h5")
  status=0
  "$bin" "${tiny[@]}" --output "$work/c/x.h5" > "$work/said" 2>&1 || status=$?
  [ "$status" -ne 0 ] || fail "$statement: not noticed: $(cat "$work/said")"
  grep -q "x.h5" "$work/said" || fail "$statement: the file is not named: $(cat "$work/said")"
  [ "$before" = "$(sha256sum < "$work/c/x.h5")" ] || fail "$statement: the file was replaced"
  status=0
  "$report" --results "$work/c" > "$work/said" 2>&1 || status=$?
  [ "$status" -eq 65 ] || fail "$statement: report: status $status: $(cat "$work/said")"
  grep -q "x.h5" "$work/said" || fail "$statement: report does not name the file"
done
say "changed numbers, attributes and missing arrays: refused and named by the program and by report"

# Something that was added.
for statement in 'f.attrs["my_note"] = "look here"' 'f.create_group("mine")["x"] = [1.0, 2.0]'; do
  rm -rf "$work/c"
  cp -r "$work/whole" "$work/c"
  edit "$work/c/x.h5" "$statement"
  run 0 "${tiny[@]}" --output "$work/c/x.h5"
  "$report" --quiet --results "$work/c" > "$work/said" 2>&1 || fail "report: $(cat "$work/said")"
  "$python" -c '
import sys, h5py
with h5py.File(sys.argv[1]) as f:
    sys.exit("my_note" not in f.attrs and "mine" not in f)' "$work/c/x.h5" \
    || fail "$statement: gone though the results are the same"
  # New results: kept, or named before it goes.
  status=0
  "$bin" "${tiny[@]}" --seeds 0,1 --output "$work/c/x.h5" > "$work/said" 2>&1 || status=$?
  "$python" -c '
import sys, h5py
with h5py.File(sys.argv[1]) as f:
    sys.exit("my_note" not in f.attrs and "mine" not in f)' "$work/c/x.h5" \
    || grep -qE 'my_note|mine' "$work/said" || fail "$statement: gone without a word"
done
say "what was added: no damage, and not lost without a word"
say "$checks checks"
