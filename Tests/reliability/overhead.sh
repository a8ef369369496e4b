#!/usr/bin/env bash
# Measures what keeping costs, on mnist-logistic with real MNIST (ADAM_DATA): the time of a worker
# that is not computation, as a share of the computation. Computation is what the result file has as
# elapsed_seconds; the rest is set-up, commits of finished runs, checkpoints, progress.
# Must reach: below 2 %, for runs of a fraction of a second, and for a long run with a checkpoint
# every 30 seconds; the latter is measured with one every second, thirty times as many.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
[ -n "$python" ] || { echo "python3-h5py is missing: apt-get install python3-h5py" >&2; exit 69; }

# times FILE: seconds of the invocation, seconds of computation.
times() {
  "$python" -c '
import sys, h5py, numpy
with h5py.File(sys.argv[1]) as f:
    v = f["volatile"]
    print(v.attrs["seconds_of_this_invocation"], numpy.nansum(numpy.nanmax(
        numpy.nan_to_num(v["elapsed_seconds"][()]), axis=-1)))' "$1"
}

# measure NAME TIMES FILE FILE: the overhead of the first file beyond that of the second, which has
# the cost of loading the data and of writing the result file, divided by TIMES.
measure() {
  local name=$1 often=$2
  shift 1
  local all computed base base_computed
  read -r all computed <<< "$(times "$2")"
  read -r base base_computed <<< "$(times "$3")"
  "$python" -c '
import sys
name, (often, all_, computed, base, base_computed) = sys.argv[1], map(float, sys.argv[2:])
seconds = computed - base_computed
share = (all_ - base - seconds) / seconds / often
print(f"{name}: {100 * share:.2f} % of {seconds:.2f} s of computation")
sys.exit(share > 0.02)' "$name" "$often" "$all" "$computed" "$base" "$base_computed" \
    || fail "$name: more than 2 %"
}

adam=(--optimizers adam --alpha 0.001 --jobs 1)
run 0 "${adam[@]}" --epochs 46 --seeds 0 --output "$work/one.h5"
run 0 "${adam[@]}" --epochs 46 --seeds "0..<6" --output "$work/many.h5"
measure "short runs: commits and set-up of 5 runs" 1 "$work/many.h5" "$work/one.h5"
run 0 "${adam[@]}" --epochs 0 --seeds 0 --output "$work/none.h5"
run 0 "${adam[@]}" --epochs 300 --seeds 0 --checkpoint-interval 1 --output "$work/long.h5"
measure "long run: a checkpoint every 30 s" 30 "$work/long.h5" "$work/none.h5"
