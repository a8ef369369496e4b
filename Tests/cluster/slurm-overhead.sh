#!/usr/bin/env bash
# Measures what the driver costs on one machine: the same shards by Slurm and by hand, as many at a time
# as there are processors, then the merge. Must reach: at most 10 % and 5 s a round more.
# shellcheck source-path=SCRIPTDIR source=slurm-common.sh
source "$(dirname "$0")/slurm-common.sh"
experiments=mnist-logistic
options=(--epochs "${EPOCHS:-1500}" --seeds '0,1' --optimizers adam --arms fitted)
elements=$(($(nproc) * 2))
printf '%s\n' TIME=60 MEMORY=1000 ELEMENT_MINUTES=1 "ELEMENTS=$elements" > "$tree/cluster.conf"
start_slurm ''

# by_hand: with the parts that the driver deals.
by_hand() {
  (
    cd "$tree"
    program=(.build/release/mnist-logistic --profile smoke "${options[@]}" --jobs 1)
    "${program[@]}" --pending > "$work/pending"
    [ "$(tail -n 1 "$work/pending")" = final ] || exit 1
    seq "$elements" | xargs -P "$(nproc)" -I{} "${program[@]}" --shard "{}/$elements" --dealt "$work/dealt"
    "${program[@]}" --merge results/smoke/mnist-logistic.shard-*.runs
    reproductions/support/reproduce-all.sh smoke '' "$experiments" --profile smoke "${options[@]}"
  ) > "$work/said" 2>&1 || fail "$(tail -n 3 "$work/said")"
}
by_slurm() {
  cluster start "${options[@]}" > "$work/said" 2>&1 || fail "$(tail -n 3 "$work/said")"
  await 900 is_finished
}
# The best of three, in turns: others may be at work.
best_hand=99999999 best_slurm=99999999
for _ in 1 2 3; do
  for way in slurm hand; do
    rm -rf "${tree:?}/results/smoke"
    start=$EPOCHREALTIME
    "by_$way"
    millis=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
    if [ "$way" = slurm ]; then
      rounds=$(find "$tree/results/smoke/cluster/mnist-logistic" -maxdepth 1 -name 'round-*' | wc -l)
      cp "$tree/results/smoke/cluster/mnist-logistic/round-1/dealt" "$work/dealt"
      best_slurm=$((millis < best_slurm ? millis : best_slurm))
    else
      best_hand=$((millis < best_hand ? millis : best_hand))
    fi
    echo "   by $way $millis ms"
  done
done
allowed=$((best_hand * 110 / 100 + 5000 * rounds))
[ "$best_slurm" -le "$allowed" ] \
  || fail "by hand $best_hand ms, by Slurm $best_slurm ms: more than 10 % and 5 s a round, $allowed ms"
say "by hand $best_hand ms, by Slurm $best_slurm ms, $rounds rounds (allowed $allowed ms)"
