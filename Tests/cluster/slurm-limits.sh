#!/usr/bin/env bash
# Proves, with a real slurmctld: what cannot work is said before anything is submitted, in one line that
# names what to do; nodes with another instruction set make no run unless that is allowed; 4,000
# elements are submitted in less than a minute though MaxArraySize is 1001, and cancelled.
# shellcheck source-path=SCRIPTDIR source=slurm-common.sh
source "$(dirname "$0")/slurm-common.sh"
experiments=mnist-logistic
options=(--epochs 2 --seeds 0 --optimizers adam --arms fitted)

# site LINE...: the site's file.
site() { printf '%s\n' "$@" > "$tree/cluster.conf"; }
# refused STATUS TEXT: `start` ends so, says so, and submits nothing.
refused() {
  local status=0
  cluster start "${options[@]}" > "$work/said" 2>&1 || status=$?
  [ "$status" -eq "$1" ] || fail "status $status, not $1: $(cat "$work/said")"
  grep -qF -- "$2" "$work/said" || fail "it did not say '$2' but: $(cat "$work/said")"
  [ -z "$(squeue -h 2> /dev/null)" ] || fail "something was submitted"
  checks=$((checks + 1))
}

# Without Slurm's commands: those of coreutils and the like alone.
mkdir "$work/path"
for name in bash dirname cat mv cp sed awk grep hostname; do ln -s "$(command -v "$name")" "$work/path/$name"; done
site TIME=60
PATH=$work/path refused 69 'there is no Slurm here (sbatch'
echo "SlurmctldHost=localhost
ClusterName=nobody
SlurmctldPort=$(free_port)" > "$work/nobody.conf"
RETRY_SECONDS=0 SLURM_CONF=$work/nobody.conf refused 69 "Slurm's controller does not answer"

start_slurm "MaxJobCount=20000" "PartitionName=short Nodes=localhost MaxTime=30"
site PARTITION=no-such
refused 64 'partition no-such (cluster.conf) does not exist; there are: main short'
site PARTITION=short TIME=60
refused 64 'TIME=60 (cluster.conf) is longer than the 30 minutes of partition short'
site TIME=2
refused 64 'TIME=2 minutes (cluster.conf) leave no time'
site TIME=soon
refused 64 'TIME takes a whole number'
site ELEMENTS=20000
refused 64 'is more than the 20000 jobs (MaxJobCount)'
site MEMORY=99999999
refused 64 'Slurm refuses elements of mnist-logistic'
site CONSTRAINT=no-such
refused 64 'Slurm refuses elements of mnist-logistic'
site TIME=60
options+=(--alpha 0.1)
refused 64 '--alpha does not go with rounds'
unset 'options[-1]' 'options[-1]'
say "$checks kinds of bad input are refused before anything is submitted"

# programs PENDING-COMMAND: a folder with a mnist-logistic whose runs to do are what this prints.
programs() {
  mkdir -p "$work/bin"
  printf '#!/bin/bash\ncase "$*" in *--pending*) %s ;; *) exec %q "$@" ;; esac\n' "$1" \
    "$project/.build/release/mnist-logistic" > "$work/bin/mnist-logistic"
  chmod +x "$work/bin/mnist-logistic"
}

# 4,000 runs that take long; a partition that starts none.
scontrol update partitionname=main state=down
scontrol update partitionname=short state=down
site PARTITION=main ELEMENTS=4000
# shellcheck disable=SC2016  # for the program's shell
programs 'for i in {1..4000}; do printf "%064x\t1\t36000\t-\trun $i\n" $i; done; echo final'
start=$EPOCHREALTIME
BIN=$work/bin cluster start "${options[@]}" > "$work/said" 2>&1 || fail "$(tail -n 3 "$work/said")"
millis=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
grep -q 'arrays have at most 1000 elements' "$work/said" || fail "$(cat "$work/said")"
grep -q 'a run takes about 600 minutes, longer than TIME=240: it goes on from its checkpoint over 3 rounds' "$work/said" \
  || fail "$(cat "$work/said")"
jobs=$(squeue -h -r -o %j | grep -vc -- -next-)
[ "$jobs" -eq 4000 ] || fail "$jobs elements"
[ "$millis" -lt 60000 ] || fail "it took $millis ms"
cluster status "${options[@]}" > "$work/said" 2>&1 || fail "$(cat "$work/said")"
grep -q '4000: 0, 0, 0, 4000 *waits for: PartitionDown' "$work/said" || fail "$(cat "$work/said")"
cluster cancel "${options[@]}" > "$work/said" 2>&1 || fail "$(cat "$work/said")"
[ -z "$(squeue -h)" ] || fail "not all was cancelled"
say "4000 elements submitted in $millis ms, seen by status, cancelled"
scontrol update partitionname=main state=up

# An element on another kind of processor: only Slurm's environment tells it.
rm -rf "$tree/results/smoke"
site TIME=60 MEMORY=1000
echo 'flags : fpu avx2 fma' > "$work/cpuinfo"
mkdir -p "$tree/results/smoke"
CPUINFO=$work/cpuinfo cluster start "${options[@]}" > "$work/said" 2>&1 || fail "$(cat "$work/said")"
await 100 is_finished
cp -r "$tree/results/smoke" "$work/one"
rm -rf "$tree/results/smoke/runs" "$tree"/results/smoke/*.h5
echo 'flags : fpu' > "$work/cpuinfo"
CPUINFO=$work/cpuinfo cluster start "${options[@]}" > "$work/said" 2>&1 || fail "$(cat "$work/said")"
await 100 is_finished
cluster status "${options[@]}" > "$work/said" 2>&1
grep -q 'stopped: two rounds without progress: element 1 ended with status 65: cluster: .* has .* baseline .*, the campaign .* x86-64-v3 .*MIXED_PROCESSORS=allow' "$work/said" \
  || fail "$(cat "$work/said")"
site TIME=60 MEMORY=1000 MIXED_PROCESSORS=allow
CPUINFO=$work/cpuinfo cluster start "${options[@]}" > "$work/said" 2>&1 || fail "$(cat "$work/said")"
await 100 is_finished
same "$work/one" "$tree/results/smoke"
say "another instruction set: refused with the reason, allowed by name"

# Another node, as Slurm's commands would tell of it: it does not see this folder, and has other features.
mkdir "$work/shim"
printf '#!/bin/bash\n%q "$@" | sed "s/NodeHostName=localhost/NodeHostName=far/"\n' "$(command -v scontrol)" > "$work/shim/scontrol"
printf '#!/bin/bash\ncase "$*" in *%%f) printf "zen3\\nskylake\\n" ;; *) exec %q "$@" ;; esac\n' "$(command -v sinfo)" > "$work/shim/sinfo"
chmod +x "$work/shim"/*
PATH=$work/shim:$PATH
site TIME=60
case $(stat -f -c %T "$tree/results") in
  ext* | xfs | btrfs | tmpfs | overlayfs | zfs) refused 64 'is on a local file system' ;;
esac
site TIME=60 SHARED=yes MEMORY=1000
rm -rf "$tree/results/smoke"
cluster start "${options[@]}" > "$work/said" 2>&1 || fail "$(cat "$work/said")"
grep -q 'the nodes differ (skylake | zen3): if their processors do, set CONSTRAINT' "$work/said" || fail "$(cat "$work/said")"
say "a folder that is not shared, and nodes that differ: said before anything is submitted"
