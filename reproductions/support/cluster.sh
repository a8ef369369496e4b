#!/usr/bin/env bash
# Makes the runs of experiments in rounds of elements, wherever elements are run: as a Slurm array
# (ENGINE=slurm of make), a Kubernetes Indexed Job or under GNU parallel (docs/cluster.md). A round of
# an experiment collects what the elements of the last one have made, asks which runs are left, and
# deals them to elements. The results then come from reproduce-all.sh, as on one machine.
#
#   cluster.sh start|status|cancel|round PROFILE DATA "EXPERIMENT..." [option...]
#   cluster.sh element CAMPAIGN EXPERIMENT ROUND INDEX    makes the runs of one element
#   cluster.sh task CAMPAIGN LINE                         the element in this line of CAMPAIGN/tasks
#   cluster.sh advance CAMPAIGN EXPERIMENT                prepares its next round; prints number, elements
#   cluster.sh next CAMPAIGN EXPERIMENT                   the next round, by Slurm
#
# `start` is ENGINE=slurm. `round` prepares a round of all experiments for another engine and prints
# how many tasks there are; 0: all is done, results and report are written.
# Environment: CLUSTER_CONF, the site's file, default cluster.conf; BIN, the programs' folder.
# Exit status: that of sysexits.h as the experiments have it; 1 an experiment has stopped.
set -uo pipefail
shopt -s nullglob

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 66
root=$PWD
# Not HOSTNAME, which a job may have from the login node.
read -r node < /proc/sys/kernel/hostname
conf=${CLUSTER_CONF:-cluster.conf}
bin=${BIN:-.build/release}
# shellcheck source-path=SCRIPTDIR source=pass-signals.sh
source "$here/pass-signals.sh"
# shellcheck source-path=SCRIPTDIR source=cluster-slurm.sh
source "$here/cluster-slurm.sh"

say() { printf 'cluster: %s\n' "$*"; }
complain() { printf 'cluster: %s\n' "$*" >&2; }
fail() {
  local code=$1
  shift
  complain "$*"
  exit "$code"
}

# keep FILE: standard input becomes the file, whole or not at all.
keep() { cat > "$1.$$.partial" && mv -f "$1.$$.partial" "$1"; }

read_conf() {
  local name said
  if [ ! -e "$conf" ]; then
    # To look needs no file of the site's.
    case $command in status | cancel) return ;; esac
    cp "$here/cluster.conf.example" "$conf" || exit 73
    # Not to standard output, which is what `round` counts.
    complain "wrote $conf: partition, account, time and memory are set there"
  fi
  for name in PARTITION ACCOUNT CONSTRAINT MODULES MEMORY SHARED MIXED_PROCESSORS; do
    printf -v "$name" ''
  done
  SBATCH_OPTIONS=() TIME=240 LIMIT=100 ELEMENTS=400 ELEMENT_MINUTES=20 SIGNAL_SECONDS=120 ROUNDS=60
  said=$(bash -n "$conf" 2>&1) \
    || fail 65 "bash cannot read ${said%%$'\n'*}; compare it with reproductions/support/cluster.conf.example"
  # shellcheck source=/dev/null
  source "$conf"
  for name in TIME LIMIT ELEMENTS ELEMENT_MINUTES SIGNAL_SECONDS ROUNDS ${MEMORY:+MEMORY}; do
    [[ ${!name} =~ ^[1-9][0-9]*$ ]] \
      || fail 64 "$conf: $name takes a whole number from 1 on, not \"${!name}\""
  done
  case $MIXED_PROCESSORS in
    allow | refuse | '') ;;
    *) fail 64 "$conf: MIXED_PROCESSORS takes refuse or allow, not \"$MIXED_PROCESSORS\"" ;;
  esac
}

# What the options of a campaign may be: no other mode, and nothing whose results go elsewhere.
check_options() {
  local option
  for option in "${options[@]}"; do
    case $option in
      --profile | --data-dir | --seeds | --jobs | --epochs | --optimizers | --arms | --threads) ;;
      --profile=* | --data-dir=* | --seeds=* | --jobs=* | --epochs=* | --optimizers=* | --arms=*) ;;
      --checkpoint-interval* | --stand-in | --allow-unknown-data | --quiet | --threads=*) ;;
      --*) fail 64 "$option does not go with rounds; leave it out of OPTIONS" ;;
    esac
  done
}

# The campaign of a profile: what is made, and by which options. Begins it if there is none.
open_campaign() {
  profile=$1 data=$2
  read -r -a experiments <<< "$3"
  shift 3
  options=("$@")
  campaign=results/$profile/cluster
  read_conf
}
begin_campaign() {
  check_options
  local description jobs
  # Global, wherever they are read.
  description=$(declare -p profile data experiments options bin | sed 's/^declare /declare -g /')
  if [ -r "$campaign/campaign" ]; then
    if [ "$(grep -v '^token=' "$campaign/campaign")" = "$description" ]; then
      token=$(sed -n 's/^token=//p' "$campaign/campaign")
      # Stopped, cancelled or finished: goes on. Finished runs are where they were.
      if [ "$command" = start ] || [ -e "$campaign/finished" ]; then
        rm -f "$campaign/cancelled" "$campaign/finished" "$campaign"/*/{state,stalled}
      fi
      return
    fi
    if [ "$command" = start ]; then
      token=$(sed -n 's/^token=//p' "$campaign/campaign")
      jobs=$(queue) || exit
      [ -z "$jobs" ] || fail 75 "a campaign with other options is in the queue; see make status" \
        "ENGINE=slurm, or end it by make cancel ENGINE=slurm"
    fi
  fi
  rm -rf "$campaign"
  mkdir -p "$campaign" || exit 73
  token=$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
  { echo "token=$token" && echo "$description"; } | keep "$campaign/campaign" || exit 74
}
# The campaign of a folder, for those who work at it.
read_campaign() {
  campaign=$1
  # shellcheck source=/dev/null
  source "$campaign/campaign" 2> /dev/null \
    || fail 66 "$node does not see $root/$campaign: put the project on a file system that all nodes share"
  read_conf
}

# The number of the last round of an experiment; 0: none yet.
last_round() {
  local found
  found=("$campaign/$1"/round-*)
  echo "${#found[@]}"
}

# state EXPERIMENT TEXT: what has become of it.
state() { printf '%s\n' "$2" | keep "$campaign/$1/state"; }

# advance EXPERIMENT: ends the last round and deals the next. $round and $elements tell which; without
# elements the experiment is done, or has stopped.
advance() {
  local experiment=$1 folder=$campaign/$1 last next shards ends
  elements=0
  mkdir -p "$folder"
  last=$(last_round "$experiment")
  round=$((last + 1))
  next=$folder/round-$round
  shards=("results/$profile/runs/$experiment".h5.shard-*-of-*/)
  if [ ${#shards[@]} -gt 0 ]; then
    "$bin/$experiment" "${options[@]}" --jobs 1 --merge "${shards[@]%/}" > "$folder/merge.log" 2>&1 \
      || {
        stop "$experiment" "cannot merge: $(tail -n 1 "$folder/merge.log")"
        return
      }
    # The last states of a race's runs, for longer ones to go on from; whoever does checks them. One that is
    # lost costs time alone.
    ends=("results/$profile/runs/$experiment".h5.shard-*-of-*/*.end)
    [ ${#ends[@]} -eq 0 ] || mv -f "${ends[@]}" "results/$profile/runs/$experiment.h5/" 2> /dev/null
    # What a process that should have ended writes here meanwhile is merged next time.
    rm -rf "${shards[@]}" "results/$profile/$experiment".shard-*-of-*.runs 2> /dev/null
  fi
  "$bin/$experiment" "${options[@]}" --pending 2> "$folder/pending.log" | keep "$folder/pending" \
    || {
      stop "$experiment" "cannot be planned: $(tail -n 1 "$folder/pending.log")"
      return
    }
  if [ "$(cat "$folder/pending")" = final ]; then
    state "$experiment" "done"
    say "$experiment: all runs are made, in $last rounds"
    return
  fi
  # The runs to do and where they stand: the same again is no progress.
  local stalled=0
  cut -f 1,4 "$folder/pending" | sort | keep "$folder/position-$round"
  if cmp -s "$folder/position-$last" "$folder/position-$round"; then
    stalled=$(($(cat "$folder/stalled" 2> /dev/null || echo 0) + 1))
  fi
  echo "$stalled" | keep "$folder/stalled"
  if [ "$stalled" -ge 2 ]; then
    stop "$experiment" "two rounds without progress: $(why "$folder/round-$last")"
    return
  fi
  if [ "$last" -ge "$ROUNDS" ]; then
    stop "$experiment" "not done after $last rounds; raise ROUNDS in $conf, then the same command"
    return
  fi
  # The folder's name is the claim to the round: it appears when all of it is there.
  rm -rf "$folder/.next"
  mkdir -p "$folder/.next/ended" "$folder/.next/log"
  deal "$experiment" "$folder/pending" "$folder/.next" || exit 74
  mv "$folder/.next" "$next" || exit 74
  elements=$(wc -l < "$next/elements")
}

stop() {
  state "$1" "stopped: $2"
  complain "$1: stopped: $2"
}

# why ROUND: what the first element that failed said, or that none did.
why() {
  local note index
  for note in "$1"/ended/*; do
    read -r status _ < "$note"
    case $status in 0 | 75) continue ;; esac
    index=${note##*/}
    echo "element $index ended with status $status: $(tail -n 1 "$1/log/$index.log" 2> /dev/null)"
    return
  done
  echo "its elements were ended before they got anywhere; see $1/log"
}

# cost EXPERIMENT COLUMN: of costs.tsv; nothing if it is not there.
cost() { awk -F '\t' -v e="$1" -v c="$2" '$1 == e { print $c }' "$here/costs.tsv"; }

# deal EXPERIMENT PENDING FOLDER: dealt (part, run) and elements (part, seconds, longest run, runs):
# longest runs first, each to the part that has the least so far. Seconds are those of the runs made
# so far, else those of costs.tsv.
deal() {
  local seconds
  seconds=$(cost "$1" 2)
  # The table is for real data.
  [ "$profile" != smoke ] || seconds=0.2
  grep -vx 'final\|more' "$2" \
    | awk -F '\t' -v OFS='\t' -v s="${seconds:-0}" '{ print $3 == "?" ? $2 * s : $3, $1 }' \
    | sort -k1,1gr -k2,2 \
    | awk -F '\t' -v OFS='\t' -v most="$ELEMENTS" -v goal=$((ELEMENT_MINUTES * 60)) -v folder="$3" '
      { cost[NR] = $1; run[NR] = $2; total += $1 }
      END {
        n = total > 0 ? int(total / goal) + 1 : most
        if (n > most) n = most
        if (n > NR) n = NR
        # A heap of parts, the one with the least load on top; runs of unknown cost count alike.
        for (i = 1; i <= n; i++) { heap[i] = i; load[i] = longest[i] = 0 }
        for (r = 1; r <= NR; r++) {
          p = heap[1]
          print p, run[r] > (folder "/dealt")
          load[p] += cost[r] > 0 ? cost[r] : 1e-3
          runs[p]++
          if (cost[r] > longest[p]) longest[p] = cost[r]
          for (i = 1; (c = 2 * i) <= n; i = c) {
            if (c < n && less(heap[c + 1], heap[c])) c++
            if (!less(heap[c], heap[i])) break
            t = heap[c]; heap[c] = heap[i]; heap[i] = t
          }
        }
        for (p = 1; p <= n; p++) print p, load[p], longest[p], runs[p] > (folder "/elements")
      }
      function less(a, b) { return load[a] < load[b] || (load[a] == load[b] && a < b) }'
}

# processor PROGRAM: $own, the processor as the program's results depend on it: its instruction set as the
# programs tell it, and oneDNN's library. Few processes, for each costs an element's time.
processor() {
  local line flags='' set=baseline library=''
  while read -r line; do
    case $line in flags*:*) flags=" ${line#*:} " && break ;; esac
  done < "${CPUINFO:-/proc/cpuinfo}"
  case $flags in *' avx2 '*) case $flags in *' fma '*) set=x86-64-v3 ;; esac ;; esac
  case $flags in *' avx512f '*) case $flags in *' avx512bw '*) case $flags in *' avx512vl '*)
    case $flags in *' avx512dq '*) set=x86-64-v4 ;; esac ;; esac ;; esac ;; esac
  # What ldd does.
  while read -r _ _ line _; do
    case $line in */libdnnl*) library=$(readlink -f "$line") && break ;; esac
  done < <(LD_TRACE_LOADED_OBJECTS=1 "$1" 2> /dev/null)
  own="$(uname -m) $set ${library##*/}"
}

# element EXPERIMENT ROUND INDEX
element() {
  local experiment=$1 folder=$campaign/$1/round-$2 index=$3 count own known started=$SECONDS
  [ -r "$folder/elements" ] || fail 66 "there is no $root/$folder; was the campaign begun anew?"
  exec >> "$folder/log/$index.log" 2>&1
  count=$(wc -l < "$folder/elements")
  processor "$bin/$experiment"
  if [ "$MIXED_PROCESSORS" != allow ]; then
    # The first element decides.
    [ -e "$campaign/processor" ] || {
      echo "$own" > "$campaign/.processor.$node.$$"
      ln "$campaign/.processor.$node.$$" "$campaign/processor" 2> /dev/null
      rm -f "$campaign/.processor.$node.$$"
    }
    known=$(< "$campaign/processor")
    if [ "$own" != "$known" ]; then
      complain "$node has $own, the campaign $known: results would be mixed; set CONSTRAINT in" \
        "$conf, or MIXED_PROCESSORS=allow"
      ended 65
    fi
  fi
  run "$bin/$experiment" "${options[@]}" --jobs 1 --shard "$index/$count" --dealt "$folder/dealt"
  if [ "$status" -eq 0 ]; then
    # Runs that this node does not plan: it sees other data than the node that dealt.
    local id missing=0 runs=results/$profile/runs/$experiment.h5
    while read -r _ id; do
      [ -e "$runs.shard-$index-of-$count/$id.run" ] || [ -e "$runs/$id.run" ] || missing=$((missing + 1))
    done < <(awk -v i="$index" '$1 == i' "$folder/dealt")
    if [ "$missing" -gt 0 ]; then
      complain "$missing runs were not made: does $node see other data than the login node?"
      ended 66
    fi
  fi
  ended "$status"
}

# ended STATUS: notes how the element ended, where and after how long; then ends.
ended() {
  printf '%s %s %s %s\n' "$1" "$node" "$((SECONDS - started))" "${own// /,}" \
    | keep "$folder/ended/$index"
  exit "$1"
}

# Whether every experiment is done or has stopped.
all_ended() {
  local experiment
  for experiment in "${experiments[@]}"; do
    [ -e "$campaign/$experiment/state" ] || return 1
  done
}

# finish: the result files of what is done, and the report; 1 if an experiment has stopped.
finish() {
  local experiment complete=() stopped_ones=()
  for experiment in "${experiments[@]}"; do
    if [ "$(cat "$campaign/$experiment/state")" = "done" ]; then
      complete+=("$experiment")
    else
      stopped_ones+=("$experiment $(cat "$campaign/$experiment/state")")
    fi
  done
  status=0
  [ ${#complete[@]} -eq 0 ] || DATA_ARE_THERE=1 BIN=$bin run "$here/reproduce-all.sh" "$profile" "$data" \
    "${complete[*]}" "${options[@]}"
  { printf '%s\n' "${stopped_ones[@]}" && echo "status $status"; } | keep "$campaign/finished"
  [ ${#stopped_ones[@]} -eq 0 ] || {
    # `start` has just told each.
    [ "$command" = start ] || printf 'cluster: %s\n' "${stopped_ones[@]}" >&2
    exit 1
  }
  exit "$status"
}

# A round of all experiments for an engine that starts tasks itself.
do_round() {
  local experiment
  begin_campaign
  : > "$campaign/.tasks"
  for experiment in "${experiments[@]}"; do
    [ ! -e "$campaign/$experiment/state" ] || continue
    advance "$experiment" >&2
    [ "$elements" -eq 0 ] || seq -f "$experiment $round %.0f" "$elements" >> "$campaign/.tasks"
  done
  mv "$campaign/.tasks" "$campaign/tasks" || exit 74
  wc -l < "$campaign/tasks"
  [ -s "$campaign/tasks" ] || finish >&2
}

main() {
  command=${1:-}
  [ $# -eq 0 ] || shift
  case $command in
    start | status | cancel | round)
      [ $# -ge 3 ] || fail 64 "usage: cluster.sh $command PROFILE DATA \"EXPERIMENT...\" [option...]"
      open_campaign "$@"
      case $command in
        start) do_start ;;
        status) do_status ;;
        cancel) do_cancel ;;
        round) do_round ;;
      esac
      return
      ;;
    element | task | advance | next)
      [ $# -ge 2 ] || fail 64 "usage: cluster.sh $command CAMPAIGN EXPERIMENT|LINE..."
      read_campaign "$1"
      ;;
    *) fail 64 "usage: cluster.sh start|status|cancel|round|element|task|advance|next ...; see docs/cluster.md" ;;
  esac
  case $command in
    element)
      [ $# -eq 4 ] || fail 64 "usage: cluster.sh element CAMPAIGN EXPERIMENT ROUND INDEX"
      element "$2" "$3" "$4"
      ;;
    task)
      read -r experiment round index < <(sed -n "${2}p" "$campaign/tasks")
      [ -n "${index:-}" ] || fail 64 "$campaign/tasks has no line $2"
      element "$experiment" "$round" "$index"
      ;;
    advance)
      advance "$2"
      echo "$round $elements"
      ;;
    next) do_next "$2" ;;
  esac
}

# In one line, so that nobody is hurt by another version that takes this file's place meanwhile.
main "$@"; exit
