#!/usr/bin/env bash
# Proves: on a disk that is really full (a small tmpfs; needs the right to mount) the program ends
# with one clear line and status 73 or 74, what was complete stays complete, and once there is space
# the same command goes on to the same bytes. Also a folder that is read-only.
# Without the right to mount: faults.sh injects ENOSPC at every call.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
options=(--profile smoke --jobs 2)
# Room for a whole run: more for programs with large checkpoints.
size=${DISK_SIZE:-4m}
disk=$work/disk
mkdir "$disk"
if ! mount -t tmpfs -o size="$size" tmpfs "$disk" 2> /dev/null; then
  echo "skipped: may not mount a tmpfs; faults.sh injects ENOSPC"
  exit 0
fi
trap 'umount "$disk" 2> /dev/null || true; rm -rf "$work"' EXIT

run 0 "${options[@]}" --output "$work/whole.h5"
run 0 "${options[@]}" --output "$disk/probe.h5"
used=$(du -sk "$disk" | cut -f1)
rm -rf "${disk:?}"/*
refused=0
for percent in 1 5 10 25 50 70 80 90 97; do
  # So much of what is needed is free.
  mount -o remount,size="$size" "$disk"
  rm -rf "${disk:?}"/* "$disk"/.[!.]*
  mount -o remount,size=$((used * percent / 100 + 4))k "$disk"
  status=0
  "$bin" "${options[@]}" --checkpoint-interval 0 --output "$disk/x.h5" \
    > /dev/null 2> "$work/errors" || status=$?
  if [ "$status" -ne 0 ]; then
    refused=$((refused + 1))
    case $status in 73 | 74) ;; *) fail "$percent %: status $status: $(cat "$work/errors")" ;; esac
    [ "$(grep -c 'No space left on device; free some space' "$work/errors")" -eq 1 ] \
      || fail "$percent %: $(cat "$work/errors")"
    runs=$(find "$disk" -name '*.run' | wc -l)
  fi
  if [ -e "$disk/x.h5" ]; then same "$disk/x.h5" "$work/whole.h5"; fi
  mount -o remount,size="$size" "$disk"
  run 0 "${options[@]}" --dry-run --output "$disk/x.h5"
  run 0 "${options[@]}" --output "$disk/x.h5"
  same "$disk/x.h5" "$work/whole.h5"
  say "$percent % of the space: status $status, ${runs:-all} runs kept, then completed"
done
[ "$refused" -ge 5 ] || fail "the disk was never full"

# The disk fills up while the program is at work.
rm -rf "${disk:?}"/* "$disk"/.[!.]*
mount -o remount,size="$size" "$disk"
"$bin" "${options[@]}" --checkpoint-interval 0 --output "$disk/x.h5" > /dev/null 2> "$work/errors" &
running=$!
while [ "$(find "$disk" -name '*.run' | wc -l)" -lt 3 ] && kill -0 $running 2> /dev/null; do
  sleep 0.02
done
kill -STOP $running 2> /dev/null || fail "the program ended before the disk was full"
cat /dev/zero > "$disk/balloon" 2> /dev/null || true
kill -CONT $running
status=0
wait $running || status=$?
runs=$(find "$disk" -name '*.run' | wc -l)
rm "$disk/balloon"
[ "$runs" -ge 3 ] || fail "only $runs runs were kept"
case $status in 73 | 74) ;; *) fail "status $status: $(cat "$work/errors")" ;; esac
[ "$(grep -c 'No space left on device; free some space' "$work/errors")" -eq 1 ] \
  || fail "$(cat "$work/errors")"
run 0 "${options[@]}" --output "$disk/x.h5"
same "$disk/x.h5" "$work/whole.h5"
say "the disk fills up after 3 runs: status $status, $runs runs kept, then completed"

mount -o remount,ro "$disk"
run 0 "${options[@]}" --list --output "$disk/x.h5"
run 0 "${options[@]}" --status --output "$disk/x.h5"
run 73 "${options[@]}" --output "$disk/x.h5"
said "Read-only file system; make its folder writable for you, or choose another folder"
[ "$(wc -l < "$work/said")" -eq 1 ] || fail "$(cat "$work/said")"
run 73 "${options[@]}" --output "$disk/deeper/y.h5"
same "$disk/x.h5" "$work/whole.h5"
say "read-only disk: refused with one line, looking is allowed"
