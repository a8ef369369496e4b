#!/usr/bin/env bash
# Proves, with a real munged, slurmctld and slurmd on the loopback interface: the profile smoke of all
# experiments, made by `make reproduce-all ENGINE=slurm`, has the same content as made locally, and
# nobody has to help between the first command and the report.
# usage: slurm.sh [FOLDER]   with local results of the profile that are there already
# shellcheck disable=SC2016  # what is waited for is given to eval, in quotes
# shellcheck source-path=SCRIPTDIR source=slurm-common.sh
source "$(dirname "$0")/slurm-common.sh"

if [ $# -gt 0 ]; then
  ln -s "$(cd "$1" && pwd)" "$work/local"
else
  start=$SECONDS
  (cd "$tree" && reproductions/support/reproduce-all.sh smoke '' "$experiments" --profile smoke) > "$work/said" 2>&1 \
    || fail "locally: $(tail -n 3 "$work/said")"
  mv "$tree/results/smoke" "$work/local"
  say "made locally in $((SECONDS - start)) s"
fi

# asked TARGET: as a user does, with the programs that are there.
asked() { make -s -C "$tree" -o .build/stamps/build "$1" ENGINE=slurm PROFILE=smoke > "$work/said" 2>&1; }

start_slurm ''
start=$SECONDS
asked reproduce-all || fail "$(tail -n 5 "$work/said")"
grep -q '^cluster: submitted' "$work/said" || fail "$(cat "$work/said")"
# As long as there is something in the queue.
await 3600 eval 'is_finished || { jobs=$(squeue -h) && [ -z "$jobs" ]; }'
is_finished || fail "nothing is in the queue: $(tail -n 3 "$tree"/results/smoke/cluster/*/next.log)"
took=$((SECONDS - start))
same "$work/local" "$tree/results/smoke"
[ -s "$tree/results/smoke/report/index.html" ] || fail "there is no report"
asked status || fail "$(cat "$work/said")"
[ "$(grep -c ' done$' "$work/said")" -eq "$(wc -w <<< "$experiments")" ] || fail "$(cat "$work/said")"
if ls "$tree"/results/smoke/runs/*.shard-* > /dev/null 2>&1; then fail "shards were left"; fi
say "made by Slurm in $took s, $checks experiments with the same content"
