#!/usr/bin/env bash
# Proves, with a real slurmctld and slurmd: whatever happens to a round, the campaign ends in the same
# content as one process makes, or stops with a message and goes on by the same command.
# usage: slurm-failures.sh [CHECK...]   their names are those of the functions; by default all of them
# shellcheck disable=SC2016  # what is waited for is given to eval, in quotes
# shellcheck source-path=SCRIPTDIR source=slurm-common.sh
source "$(dirname "$0")/slurm-common.sh"
experiments=mnist-logistic
epochs=${EPOCHS:-300}
options=(--epochs "$epochs" --seeds '0,1' --optimizers adam --arms fitted --checkpoint-interval 0.2)
campaign=$tree/results/smoke/cluster
rounds=$campaign/mnist-logistic

(cd "$tree" && .build/release/mnist-logistic --profile smoke "${options[@]}" > "$work/said" 2>&1) \
  || fail "locally: $(tail -n 3 "$work/said")"
mv "$tree/results/smoke" "$work/local"
start_slurm "PreemptType=preempt/partition_prio" "PreemptMode=REQUEUE" \
  "PartitionName=urgent Nodes=localhost PriorityTier=10 OverSubscribe=NO PreemptMode=OFF"

# begin [LINE...]: a new campaign, with these lines in the site's file.
begin() {
  rm -rf "${tree:?}/results/smoke"
  printf '%s\n' TIME=60 MEMORY=1000 ELEMENT_MINUTES=1 ELEMENTS=4 "$@" > "$tree/cluster.conf"
  restart
}
restart() { cluster start "${options[@]}" > "$work/said" 2>&1 || fail "start: $(tail -n 5 "$work/said")"; }
# programs: the processes of elements that are at work.
programs() {
  local pid
  for pid in $(pgrep -f -- '--shard .* --dealt '); do
    [ "$(readlink "/proc/$pid/cwd")" != "$tree" ] || [ "$(readlink "/proc/$pid/exe")" = "$BASH" ] || echo "$pid"
  done
}
# program_of INDEX: that of one element.
program_of() { programs | while read -r pid; do ! tr '\0' ' ' < "/proc/$pid/cmdline" | grep -qF -- "--shard $1/" || echo "$pid"; done; }
busy() { [ -n "$(programs)" ]; }
has_checkpoint() { compgen -G "$tree/results/smoke/runs/mnist-logistic.h5.shard-*/*.checkpoint"; }
# stepds: the processes of this slurmd that keep the steps.
stepds() {
  local pid
  for pid in $(pgrep slurmstepd); do
    ! tr '\0' '\n' 2> /dev/null < "/proc/$pid/environ" | grep -qxF "SLURM_CONF=$SLURM_CONF" || echo "$pid"
  done
}
# Elements are at work, and one has written a checkpoint.
at_work() {
  await 120 busy
  await 120 has_checkpoint
}
next_job() { squeue -h -o '%A %j' | awk '$2 ~ /-next-/ { print $1; exit }'; }
no_elements() { ! squeue -h -o %j | grep -qv -- -next-; }
count_rounds() { find "$rounds" -maxdepth 1 -name 'round-*' | wc -l; }
# The step to the next round waits until release.
hold() { held=$(next_job) && scontrol hold "$held"; }
release() { scontrol release "$held"; }
# completes: it ends in the same content; $made is how many rounds there were.
completes() {
  await "${1:-400}" is_finished
  same "$work/local" "$tree/results/smoke"
  made=$(count_rounds)
}
noted() { cut -d ' ' -f 1 "$rounds/round-$1/ended/"* 2> /dev/null | sort | uniq -c | awk '{ print $2 " x " $1 }' | paste -sd ,; }

killed_element() {
  begin
  at_work
  kill -9 "$(programs | head -n 1)"
  completes
  [[ $(noted 1) == *137* ]] || fail "no element was killed: $(noted 1)"
  say "an element is killed: $made rounds, ended in round 1: $(noted 1)"
}

preempted() {
  local id
  begin
  at_work
  id=$(sbatch --parsable -p urgent --exclusive --output=/dev/null --wrap 'sleep 1')
  await 60 eval "! squeue -h -j $id | grep -q ."
  completes
  [[ $(noted 1) == *75* ]] || fail "nothing was preempted: $(noted 1)"
  say "preempted in an epoch: $made rounds, ended in round 1: $(noted 1)"
}

signalled_at_once() {
  local id
  begin
  await 60 eval '[ -n "$(squeue -h -t RUNNING -o %A)" ]'
  # At once: as soon as there is a step to be told.
  for id in $(squeue -h -t RUNNING -o %A); do
    await 60 eval "scancel --quiet --signal=USR1 $id || ! squeue -h -t RUNNING -j $id | grep -q ." &
  done
  wait
  completes
  [ "$made" -ge 2 ] || fail "no element was stopped: $(noted 1)"
  say "USR1 in the first second: $made rounds, ended in round 1: $(noted 1)"
}

# programs_that WHEN ACTION: a folder of programs in which mnist-logistic does something else for some shards.
programs_that() {
  mkdir -p "$work/bin"
  ln -sf "$project"/.build/release/{report,mnist-logistic} "$work/bin/"
  rm -f "$work/bin/mnist-logistic"
  printf '#!/bin/bash\nprogram=%q\ncase "$*" in %s) %s ;; esac\nexec "$program" "$@"\n' \
    "$project/.build/release/mnist-logistic" "$1" "$2" > "$work/bin/mnist-logistic"
  chmod +x "$work/bin/mnist-logistic"
}

time_limit() {
  local first kept
  # Element 2 hangs once it has a checkpoint, deaf to what it is told; element 1 is still at work when Slurm
  # signals, a minute before the end and up to a minute early.
  programs_that '*"--shard 2/"*round-1/*' 'trap "" USR1 TERM
    "$program" "$@" &
    until compgen -G "results/smoke/runs/mnist-logistic.h5.shard-2-of-*/*.checkpoint"; do sleep 0.1; done
    kill -KILL $!
    while :; do sleep 1; done'
  BIN=$work/bin begin TIME=2 SIGNAL_SECONDS=60
  await 120 eval 'first=$(program_of 1) && [ -n "$first" ] && compgen -G "$tree/results/smoke/runs/mnist-logistic.h5.shard-1-*/*.checkpoint"'
  kill -STOP "$first"
  await 240 grep -qhi 'DUE TO TIME LIMIT' "$rounds"/round-1/log/0.2.slurm
  kill -CONT "$first" 2> /dev/null || true
  completes
  [ "$(cut -d ' ' -f 1 "$rounds/round-1/ended/1")" = 75 ] || fail "no checkpoint on USR1: $(noted 1)"
  # The batch script may outlive the program for long enough to note that it was killed.
  [ ! -e "$rounds/round-1/ended/2" ] || [ "$(cut -d ' ' -f 1 "$rounds/round-1/ended/2")" = 137 ] \
    || fail "element 2 ended by itself: $(noted 1)"
  kept=$(cut -f 2 "$rounds/position-2" | grep -vc '^-$')
  [ "$kept" -ge 2 ] || fail "$kept runs went on from a checkpoint"
  say "time limit: one element stopped for USR1, one was killed at the limit: $kept runs went on from checkpoints, $made rounds"
}

node_down() {
  begin
  at_work
  # As if the power had failed.
  kill -9 "$(cat "$work/slurmd.pid")"
  for pid in $(stepds) $(programs); do kill -9 "$pid" 2> /dev/null || true; done
  scontrol update nodename=localhost state=down reason=check
  await 30 node_is down
  sleep 1
  start_slurmd
  scontrol update nodename=localhost state=resume
  await 30 eval 'sinfo -h -o %t | grep -qE "idle|alloc|mix"'
  completes 600
  say "the node went down and came up: $made rounds, ended in round 1: $(noted 1)"
}

failed_element() {
  local failing='echo "mnist-logistic: failed: on purpose" >&2; exit 1'
  programs_that '*"--shard 1/"*round-1/*' "$failing"
  BIN=$work/bin begin
  completes
  [ "$made: $(noted 1)" = '2: 0 x 3,1 x 1' ] || fail "$made rounds, $(noted 1)"
  say "an element failed, the next round made its runs: $made rounds, ended in round 1: $(noted 1)"
  programs_that '*"--shard "*' "$failing"
  BIN=$work/bin begin
  await 200 is_finished
  BIN=$work/bin cluster status "${options[@]}" > "$work/said" 2>&1
  grep -q 'stopped: two rounds without progress: element 1 ended with status 1: mnist-logistic: failed: on purpose' "$work/said" \
    || fail "$(cat "$work/said")"
  say "all elements fail: stopped after $(count_rounds) rounds, with the reason"
}

full_disk() {
  rm -rf "${tree:?}/results/smoke"
  mount -t tmpfs -o size=20m tmpfs "$tree/results" || { echo "skipped: may not mount"; return; }
  begin
  at_work
  cat /dev/zero > "$tree/results/balloon" 2> /dev/null || true
  await 120 eval '[ -z "$(squeue -h -o %j)" ]'
  ! is_finished || fail "the disk was never full"
  rm "$tree/results/balloon"
  cluster status "${options[@]}" > "$work/said" 2>&1 || fail "$(cat "$work/said")"
  restart
  completes
  umount "$tree/results"
  say "the disk was full; with space the same command completed it: $made rounds"
}

damaged_shard() {
  local shards
  begin
  hold
  await 200 no_elements
  shards=("$tree"/results/smoke/runs/mnist-logistic.h5.shard-*)
  [ ${#shards[@]} -ge 2 ] || fail "too few shards"
  rm -rf "${shards[0]}"
  for run in "${shards[1]}"/*.run; do printf 'x' | dd of="$run" bs=1 seek=200 conv=notrunc status=none; done
  echo damaged > "$tree/results/smoke/mnist-logistic.shard-2-of-4.runs"
  release
  completes
  [ "$made" -eq 2 ] || fail "$made rounds"
  say "a shard missing and one damaged: their runs were made again, $made rounds"
}

submitted_twice() {
  local code=0
  begin
  at_work
  cluster start "${options[@]}" > "$work/said" 2>&1 || fail "$(tail -n 3 "$work/said")"
  grep -q 'mnist-logistic: round 1 is under way' "$work/said" || fail "$(cat "$work/said")"
  [ "$(squeue -h -o %j | grep -c -- -next-)" -eq 1 ] || fail "$(squeue -h -o '%A %j')"
  cluster start --epochs 2 > "$work/said" 2>&1 || code=$?
  [ "$code" -eq 75 ] || fail "other options: status $code, $(cat "$work/said")"
  grep -q 'a campaign with other options is in the queue' "$work/said" || fail "$(cat "$work/said")"
  # As if by hand: another array for the same round, whose elements find theirs locked or made.
  sbatch --parsable --array="1-$(wc -l < "$rounds/round-1/elements")" --mem=100M --chdir="$tree" --output=/dev/null \
    "$tree/reproductions/support/cluster.sbatch" "$tree" element results/smoke/cluster mnist-logistic 1 0 > /dev/null
  completes
  say "the same round submitted twice: $made rounds, ended in round 1: $(noted 1)"
}

cancelled() {
  local kept
  begin
  at_work
  cluster cancel "${options[@]}" > "$work/said" 2>&1 || fail "$(cat "$work/said")"
  [ -z "$(squeue -h)" ] || fail "cancelled, but there are: $(squeue -h -o '%A %j %T')"
  await 30 eval '! busy'
  cluster status "${options[@]}" > "$work/said" 2>&1 || fail "$(cat "$work/said")"
  grep -q '^cluster: cancelled; make reproduce-all ENGINE=slurm goes on' "$work/said" || fail "$(cat "$work/said")"
  restart
  completes
  kept=$(cut -f 2 "$rounds/position-2" | grep -vc '^-$')
  [ "$kept" -gt 0 ] || fail "no run went on from its checkpoint"
  say "cancelled: the same command went on, with $kept runs from checkpoints, $made rounds"
}

restarted_slurmctld() {
  begin
  at_work
  end_daemon slurmctld
  cluster status "${options[@]}" > "$work/said" 2>&1 &
  local status=$!
  sleep 2
  start_slurmctld
  wait "$status" || fail "status did not wait for the controller: $(cat "$work/said")"
  completes
  say "slurmctld was restarted: $made rounds"
}

stale_checkpoint() {
  local file count=0
  begin
  hold
  at_work
  scancel "$(squeue -h -o '%F %j' | grep -v -- -next- | head -n 1 | cut -d ' ' -f 1)"
  await 60 no_elements
  for file in "$tree"/results/smoke/runs/mnist-logistic.h5.shard-*/*.checkpoint; do
    /usr/bin/python3 Tests/cluster/reseal.py "$file"
    count=$((count + 1))
  done
  [ "$count" -gt 0 ] || fail "there was no checkpoint"
  release
  completes
  grep -qh 'was written by another program (version 0' "$rounds"/round-2/log/*.log || fail "nobody noticed"
  say "$count checkpoints of another program: told, and their runs made from the start, $made rounds"
}

other_number_of_elements() {
  local kept
  begin
  hold
  at_work
  scancel "$(squeue -h -o '%F %j' | grep -v -- -next- | head -n 1 | cut -d ' ' -f 1)"
  await 60 no_elements
  sed -i 's/^ELEMENTS=.*/ELEMENTS=3/' "$tree/cluster.conf"
  release
  completes
  [ "$(wc -l < "$rounds/round-1/elements") $(wc -l < "$rounds/round-2/elements")" = "4 3" ] || fail "not 4, then 3"
  kept=$(cut -f 2 "$rounds/position-2" | grep -vc '^-$')
  [ "$kept" -gt 0 ] || fail "no run went on from its checkpoint"
  say "4 elements, then 3: $kept runs went on from checkpoints, $made rounds"
}

checks_of_this=(killed_element preempted signalled_at_once time_limit node_down failed_element full_disk
  damaged_shard submitted_twice cancelled restarted_slurmctld stale_checkpoint other_number_of_elements)
[ $# -gt 0 ] || set -- "${checks_of_this[@]}"
for check; do
  began=$SECONDS
  "$check"
  echo "   $check: $((SECONDS - began)) s"
done
say "$checks results compared"
