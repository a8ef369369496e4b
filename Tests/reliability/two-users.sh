#!/usr/bin/env bash
# Proves: in a folder that two users share, runs that the one may not read are neither replaced nor
# taken for missing: the other is told `Permission denied` with the file, ends with a status that is
# not 0, and nothing has changed. The same for a result file, a checkpoint and the data folder.
# Needs root, to become two users.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv > /dev/null; then
  echo "skipped: needs root, to become two users"
  exit 0
fi
chmod 755 "$work"
shared=$work/shared
mkdir -m 777 "$shared"
mkdir -m 1777 "$work/temporary"
# as USER ARGUMENT...: the program as a user; what it said is in $work/said, its status in $status.
as() {
  local user=$1
  shift
  status=0 checks=$((checks + 1))
  TMPDIR=$work/temporary setpriv --reuid "$user" --regid 61000 --clear-groups bash -c 'umask 000; exec "$@"' _ \
    "$bin" "$@" > "$work/said" 2>&1 || status=$?
}
setpriv --reuid 61001 --clear-groups test -x "$bin" \
  || { echo "skipped: other users cannot run $bin"; exit 0; }
state() { find "$1" -type f -exec sha256sum {} + | sort; }

as 61001 "${tiny[@]}" --seeds 0 --output "$shared/x.h5"
[ "$status" -eq 0 ] || fail "the first user: $(cat "$work/said")"
find "$shared" -type d -exec chmod 777 {} +

# denied WORDS ARGUMENT...: the second user is refused, and nothing changes.
denied() {
  local words=$1 before after
  shift
  before=$(state "$shared")
  as 61002 "$@"
  after=$(state "$shared")
  [ "$status" -ne 0 ] || fail "the second user succeeds: $(cat "$work/said")"
  grep -q "$words.*Permission denied" "$work/said" || fail "$(cat "$work/said")"
  [ "$before" = "$after" ] || fail "files were changed: $(diff <(echo "$before") <(echo "$after"))"
  if grep -q 'made again' "$work/said"; then fail "$(cat "$work/said")"; fi
}

runs=$(find "$shared" -name '*.run')
chmod 600 "$runs"
denied "$(basename "$runs")" "${tiny[@]}" --seeds 0,1 --output "$shared/x.h5"
denied "$(basename "$runs")" "${tiny[@]}" --seeds 0 --list --output "$shared/x.h5"
denied "$(basename "$runs")" "${tiny[@]}" --seeds 0 --status --output "$shared/x.h5"
chmod 666 "$runs"
say "another user's runs that may not be read: Permission denied, nothing replaced"

chmod 700 "$(dirname "$runs")"
denied "$(dirname "$runs")" "${tiny[@]}" --seeds 0,1 --output "$shared/x.h5"
chmod 777 "$(dirname "$runs")"
say "a folder of runs that may not be read: the same"

chmod 600 "$shared/x.h5"
denied "x.h5" "${tiny[@]}" --seeds 0,1 --output "$shared/x.h5"
chmod 666 "$shared/x.h5"
say "a result file that may not be read: the same"

mkdir -p "$work/data/mnist"
chmod 700 "$work/data"
denied "$work/data" --epochs 1 --seeds 0 --optimizers adam --alpha 0.01 --data-dir "$work/data" \
  --output "$shared/y.h5"
say "a data folder that may not be read: the same"

as 61002 "${tiny[@]}" --seeds 0 --output "$shared/x.h5"
[ "$status" -eq 0 ] || fail "$(cat "$work/said")"
grep -q 'nothing to do' "$work/said" || fail "$(cat "$work/said")"
say "with permission the second user has nothing to do"
say "$checks checks"
