#!/usr/bin/env bash
# Proves: under low limits of the system (open files, threads, file size, memory) the program works,
# or ends with one line that names the limit, status 71, 73 or 74, and the same command then goes on
# to the same bytes. No crash, no waiting for ever.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
options=("${tiny[@]}" --seeds "0,1,2" --jobs 3)
run 0 "${options[@]}" --output "$work/whole.h5"

# limited LIMIT VALUE WORDS [command before it]: works, or says WORDS; then completed without the limit.
limited() {
  local limit=$1 value=$2 words=$3 status=0 out=$work/x/x.h5
  shift 3
  rm -rf "$work/x"
  mkdir -m 777 "$work/x"
  (
    ulimit "$limit" "$value"
    exec timeout -k 5 120 "$@" "$bin" "${options[@]}" --output "$out"
  ) > /dev/null 2> "$work/errors" || status=$?
  case $status in
    0) ;;
    71 | 73 | 74)
      # What is told on the way: runs that are put aside, fewer jobs, and what Swift's runtime says by itself.
      sed -i -E '/(to be continued|jobs at a time)$|^Fatal error: failed to allocate/d' "$work/errors"
      { [ "$(wc -l < "$work/errors")" -eq 1 ] && grep -q -- "$words" "$work/errors"; } \
        || fail "ulimit $limit $value: $(cat "$work/errors")"
      refused=$((refused + 1))
      ;;
    69)
      # Only gnuplot had too little; the results are written.
      [ "$(grep -c 'no figures: ' "$work/errors")" -eq 1 ] || fail "ulimit $limit $value: $(cat "$work/errors")"
      [ -e "$out" ] || fail "ulimit $limit $value: no results"
      ;;
    *) fail "ulimit $limit $value: status $status: $(tail -n 3 "$work/errors")" ;;
  esac
  if [ -e "$out" ]; then same "$out" "$work/whole.h5"; fi
  run 0 "${options[@]}" --output "$out"
  same "$out" "$work/whole.h5"
}

# The loader itself needs a few descriptors.
refused=0
for value in 4 5 6 7 8 10 12 14 16 20 24 32; do limited -n "$value" 'ulimit -n'; done
say "ulimit -n 4 to 32: $refused refused in a line, then completed"

refused=0
for value in 1 2 4 8 16 32 64 128; do limited -f "$value" 'ulimit -f'; done
[ "$refused" -ge 3 ] || fail "no limit of the size of files was met"
say "ulimit -f 1 to 128 kB: $refused refused in a line, then completed"

refused=0
for value in 200000 300000 400000 500000 700000 1000000 2000000; do
  limited -v "$value" 'ulimit -v'
done
say "ulimit -v 200000 to 2000000 kB: $refused refused in a line, then completed"

# Root has as many threads as it likes.
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv > /dev/null; then
  echo "skipped: ulimit -u needs root, to become a user without processes"
elif ! setpriv --reuid 61234 --clear-groups test -x "$bin"; then
  echo "skipped: other users cannot run $bin"
else
  refused=0
  chmod 755 "$work"
  mkdir -m 1777 "$work/temporary"
  for value in 1 2 3 4 6 16; do
    limited -u "$value" 'ulimit -u' env "TMPDIR=$work/temporary" setpriv --reuid 61234 --clear-groups
  done
  say "ulimit -u 1 to 16: $refused refused in a line, then completed"
fi
say "$checks checks"
