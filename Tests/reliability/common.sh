# shellcheck shell=bash
# What the reliability checks share. Each check is a script of its own that says what it proves;
# `make reliability` runs them all. They use stand-in data unless they say otherwise.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bin=${BIN:-.build/release/mnist-logistic}
[ -x "$bin" ] || { echo "build first: make build" >&2; exit 66; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# say TEXT: what has been shown, at the end of a check.
say() { echo "ok: $*"; }

# run STATUS ARGUMENT...: the program must end with this status; what it said is in $work/said.
run() {
  local expected=$1 status=0
  shift
  "$bin" "$@" > "$work/said" 2>&1 || status=$?
  checks=$((checks + 1))
  [ "$status" -eq "$expected" ] \
    || fail "status $status, not $expected: $bin $*: $(tail -n 3 "$work/said")"
}

# said TEXT: the last run said so, in one line of its own.
said() { grep -qF -- "$1" "$work/said" || fail "it did not say '$1' but: $(cat "$work/said")"; }

# content FILE: the checksum of all of a result file that repeats, as the program stored it.
content() {
  h5dump -a content_sha256 "$1" 2> /dev/null | sed -n 's/.*"\([0-9a-f]\{64\}\)".*/\1/p'
}

# same FILE FILE: all that repeats is equal, by the stored checksum and, where Debian's python3-h5py
# is installed, as another program reads it.
same() {
  local left right
  left=$(content "$1") right=$(content "$2")
  [ -n "$left" ] || fail "$1 has no content_sha256"
  [ "$left" = "$right" ] || fail "$1 and $2 have different content"
  [ -z "$python" ] || "$python" Tests/reliability/same.py "$1" "$2" || fail "$1 and $2 differ"
  checks=$((checks + 1))
}

command -v h5dump > /dev/null \
  || { echo "h5dump is missing: apt-get install hdf5-tools" >&2; exit 69; }
python=/usr/bin/python3
"$python" -c 'import h5py' 2> /dev/null || python=''

# One contender, one seed, two steps an epoch, a checkpoint after every step.
# shellcheck disable=SC2034  # used by the scripts that read this one
tiny=(--profile smoke --epochs 2 --seeds 0 --optimizers adam --alpha 0.01 --minibatch 1000
  --jobs 1 --checkpoint-interval 0)
