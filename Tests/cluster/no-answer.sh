#!/usr/bin/env bash
# Proves, without Slurm: where squeue gives no answer, a cancellation is not told as done, and the next
# round neither merges nor removes what elements may still be writing.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

mkdir "$work/bin" "$work/project"
for program in scancel sbatch scontrol sinfo; do
  printf '#!/bin/sh\n' > "$work/bin/$program"
done
printf '#!/bin/sh\necho "squeue: error: no answer" >&2\nexit 1\n' > "$work/bin/squeue"
chmod +x "$work/bin"/*
mkdir "$work/project/reproductions"
cp -r reproductions/support "$work/project/reproductions/support"
cd "$work/project"

campaign=results/quick/cluster
shard=results/quick/runs/regret.h5.shard-1-of-2
mkdir -p "$campaign/regret/round-1" "$shard"
touch "$shard/a.run"
{
  echo token=abc
  echo 'profile=quick data=data bin=/nowhere experiments=(regret) options=()'
} > "$campaign/campaign"

# refused ARGUMENT...: cluster.sh ends with 75.
refused() {
  local status=0
  RETRY_SECONDS=1 PATH=$work/bin:$PATH reproductions/support/cluster.sh "$@" > "$work/said" 2>&1 || status=$?
  [ "$status" -eq 75 ] || fail "cluster.sh $*: status $status, not 75: $(cat "$work/said")"
}

refused next "$campaign" regret
if [ ! -e "$shard/a.run" ] || [ -e "$campaign/regret/state" ]; then fail "a round was ended without an answer"; fi
echo "ok: the next round waits for an answer"
refused cancel quick data regret
! grep -q cancelled "$work/said" || fail "it said: $(cat "$work/said")"
echo "ok: a cancellation without an answer is not told as done"
