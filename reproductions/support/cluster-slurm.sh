# shellcheck shell=bash
# The part of cluster.sh that speaks to Slurm: checks before anything is submitted, arrays, the job
# that waits for them, status and cancel.
# shellcheck disable=SC2154,SC2153  # what cluster.sh has set

# patiently COMMAND...: again while the controller does not answer, up to RETRY_SECONDS.
patiently() {
  local said code pause=1 until=$((SECONDS + ${RETRY_SECONDS:-900}))
  said=$(mktemp) || return 73
  while :; do
    code=0
    "$@" 2> "$said" || code=$?
    if [ "$code" -eq 0 ] || [ "$SECONDS" -ge "$until" ] \
      || ! grep -qiE 'unable to contact|timed out|connection refused|temporarily' "$said"; then
      break
    fi
    complain "Slurm's controller does not answer; trying again in $pause s"
    sleep "$pause"
    pause=$((pause < 60 ? 2 * pause : 60))
  done
  cat "$said" >&2
  rm -f "$said"
  return "$code"
}

# queue [PATTERN]: this campaign's jobs that have not ended: array job, index, state, reason|name.
queue() {
  local jobs
  jobs=$(patiently squeue -h -r -u "$(id -un)" -o '%F %K %T %r|%j') || exit 75
  among "^adam-$token-${1:-}" <<< "$jobs"
}
among() { awk -F '|' -v name="$1" '$2 ~ name && $1 !~ / COMPLETING /'; }
# The names of an experiment's elements, without the token, as a pattern.
elements_of() { echo "$1-[0-9]+-[0-9]+\$"; }

# submitted NAME OPTION... -- ARGUMENT...: the id of the job of this name, submitted unless it is there:
# a submission that timed out may have been one.
submitted() {
  local name=$1 id until=$((SECONDS + ${RETRY_SECONDS:-900}))
  shift
  local given=()
  while [ "$1" != -- ]; do
    given+=("$1")
    shift
  done
  shift
  while :; do
    id=$(patiently squeue -h -u "$(id -un)" -n "$name" -o %F) || return 75
    id=${id%%$'\n'*}
    [ -z "$id" ] || break
    # shellcheck disable=SC2086
    id=$(RETRY_SECONDS=0 patiently sbatch --parsable --job-name="$name" "${site[@]}" "${given[@]}" \
      "$here/cluster.sbatch" "$root" "$@") && break
    [ "$SECONDS" -lt "$until" ] || return 75
    sleep 2
  done
  echo "${id%%;*}"
}

site_options() {
  site=(${PARTITION:+--partition="$PARTITION"} ${ACCOUNT:+--account="$ACCOUNT"}
    ${CONSTRAINT:+--constraint="$CONSTRAINT"} "${SBATCH_OPTIONS[@]}" --chdir="$root" --export=ALL)
}

# setting NAME: of Slurm's configuration.
setting() { awk -v n="$1" '$1 == n { print $3; exit }' <<< "$configuration"; }

# Minutes of Slurm's days-hours:minutes:seconds; nothing for infinite.
minutes() {
  awk -F '[-:]' '/^[0-9]/ { if (/-/) { print $1 * 1440 + $2 * 60 + $3 } else if (NF == 3) { print $1 * 60 + $2 }
    else print $1 }' <<< "$1"
}

# element_options EXPERIMENT SECONDS: what an element asks for that takes so long. Twice the time it
# takes, since another processor may be slower, and what is said before its end.
element_options() {
  local ask memory threads=1 option last=''
  ask=$((${2%.*} / 30 + 5 + (SIGNAL_SECONDS + 59) / 60))
  [ "$ask" -le "$TIME" ] && [ "${2%.*}" -gt 0 ] || ask=$TIME
  memory=${MEMORY:-$(cost "$1" 3)}
  for option in "${options[@]}"; do
    case $last$option in --threads[0-9]*) threads=$option ;; --threads=*) threads=${option#*=} ;; esac
    last=$option
  done
  asked=(--time="$ask" --mem="${memory:-2000}M" --cpus-per-task="$threads"
    --signal="USR1@$SIGNAL_SECONDS")
}

# What can be known before anything is submitted.
check_site() {
  local programs limit nodes here_names type found features
  local -A tried=()
  programs=$(for found in sbatch squeue sinfo scontrol scancel srun; do
    command -v "$found" > /dev/null || echo "$found"
  done)
  [ -z "$programs" ] || fail 69 "there is no Slurm here (${programs//$'\n'/, } missing): run this on a" \
    "login node, or leave out ENGINE=slurm"
  configuration=$(RETRY_SECONDS=${RETRY_SECONDS:-30} patiently scontrol show config 2>&1) \
    || fail 69 "Slurm's controller does not answer: $(tail -n 1 <<< "$configuration")"
  found=$(sinfo -h -o %R | sort -u)
  if [ -n "$PARTITION" ] && ! grep -qxF "$PARTITION" <<< "$found"; then
    fail 64 "partition $PARTITION ($conf) does not exist; there are: ${found//$'\n'/ }"
  fi
  local partition=(-p "${PARTITION:-$(sinfo -h -o %P | sed -n 's/\*$//p' | head -n 1)}")
  limit=$(minutes "$(sinfo -h "${partition[@]}" -o '%l' | head -n 1)")
  if [ -n "$limit" ] && [ "$TIME" -gt "$limit" ]; then
    fail 64 "TIME=$TIME ($conf) is longer than the ${limit} minutes of partition ${partition[1]}"
  fi
  [ $((TIME * 60)) -ge $((SIGNAL_SECONDS + 60)) ] || fail 64 "TIME=$TIME minutes ($conf) leave no time:" \
    "Slurm signals $SIGNAL_SECONDS s (SIGNAL_SECONDS) before the end, up to a minute early"
  if [ "$ELEMENTS" -ge "$(setting MaxArraySize)" ]; then
    say "ELEMENTS=$ELEMENTS is beyond MaxArraySize: arrays have at most $(($(setting MaxArraySize) - 1)) elements"
  fi
  [ "$ELEMENTS" -lt "$(setting MaxJobCount)" ] || fail 64 "ELEMENTS=$ELEMENTS ($conf) is more than the" \
    "$(setting MaxJobCount) jobs (MaxJobCount) that Slurm keeps here"
  nodes=$(sinfo -h -N "${partition[@]}" -o %N | sort -u)
  # shellcheck disable=SC2086
  nodes=$(scontrol -o show node "$(paste -sd, <<< "$nodes")" | tr ' ' '\n' | sed -n 's/^NodeHostName=//p' \
    | sort -u)
  here_names=$(printf '%s\n' localhost "$(hostname)" "$(hostname -s)")
  if [ "$SHARED" != yes ] && grep -qvxF "$here_names" <<< "$nodes"; then
    mkdir -p results
    type=$(stat -f -c %T results)
    case $type in
      ext* | xfs | btrfs | tmpfs | ramfs | zfs | overlayfs | f2fs | jfs | reiserfs)
        fail 64 "$(cd results && pwd) is on a local file system ($type), which other nodes do not see: put the" \
          "project on a shared one, or say SHARED=yes in $conf if they do"
        ;;
    esac
  fi
  features=$(sinfo -h "${partition[@]}" -o %f | sort -u)
  if [ "$(wc -l <<< "$features")" -gt 1 ] && [ -z "$CONSTRAINT" ] && [ "$MIXED_PROCESSORS" != allow ]; then
    complain "the nodes differ (${features//$'\n'/ | }): if their processors do, set CONSTRAINT in $conf;" \
      "nodes with another instruction set than the first one's make no run"
  fi
  site_options
  for found in "${experiments[@]}"; do
    element_options "$found" 0
    [ -z "${tried[${asked[*]}]:-}" ] || continue
    tried[${asked[*]}]=1
    type=$(sbatch --test-only --job-name=adam-test "${site[@]}" "${asked[@]}" "$here/cluster.sbatch" 2>&1) \
      || fail 64 "Slurm refuses elements of $found: ${type##*error: }; see $conf (asked for: ${asked[*]} ${site[*]})"
  done
}

# Tells what a round's elements take, if it is more than they may.
foretell() {
  local longest
  longest=$(sort -k3,3gr "$campaign/$1/round-$2/elements" | awk 'NR == 1 { printf "%.0f", $3 / 60 }')
  [ "$longest" -le "$TIME" ] || say "$1: a run takes about $longest minutes, longer than TIME=$TIME: it goes" \
    "on from its checkpoint over $((longest / TIME + 1)) rounds"
  awk -v e="$1" '{ s += $2; r += $4 } END { printf "cluster: %s: %d runs in %d elements, %.1f hours of computation\n", e, r, NR, s / 3600 }' \
    "$campaign/$1/round-$2/elements"
}

# submit EXPERIMENT ROUND: its arrays, and the job that goes on once all their elements have ended,
# however they did: afterok would wait for ever for one that failed.
submit() {
  local experiment=$1 number=$2 folder=$campaign/$1/round-$2 all offset=0 part size id ids=''
  all=$(wc -l < "$folder/elements")
  size=$(($(setting MaxArraySize) - 1))
  element_options "$experiment" "$(sort -k2,2gr "$folder/elements" | awk 'NR == 1 { printf "%.0f", $2 }')"
  while [ "$offset" -lt "$all" ]; do
    part=$((all - offset < size ? all - offset : size))
    id=$(submitted "adam-$token-$experiment-$number-$offset" "${asked[@]}" --array="1-$part%$LIMIT" \
      --output="$folder/log/$offset.%a.slurm" -- element "$campaign" "$experiment" "$number" "$offset") \
      || return
    ids+=:$id
    offset=$((offset + part))
  done
  follow "$experiment" "$ids"
  echo "${ids#:}" | keep "$folder/jobs"
}

# follow EXPERIMENT :ID...: the job that goes on after these.
follow() {
  submitted "adam-$token-$1-next-${2##*:}" --time="$((TIME < 60 ? TIME : 60))" --mem="${MEMORY:-4000}M" \
    --dependency="afterany$2" --output="$campaign/$1/next.log" -- next "$campaign" "$1" > /dev/null
}

# in_queue EXPERIMENT: whether a round of it is still under way; then something waits for its end.
in_queue() {
  local jobs ids
  # No answer is not an empty queue: what is merged then could still be written.
  jobs=$(queue "$(elements_of "$1")") || exit 75
  ids=$(cut -d ' ' -f 1 <<< "$jobs" | sort -un)
  [ -n "$ids" ] || return 1
  follow "$1" ":${ids//$'\n'/:}"
}

do_start() {
  local experiment
  command -v sbatch > /dev/null || check_site
  [ "$profile" = smoke ] || DATA_TRUST_PRESENT=1 "$here/get-data.sh" "$data" > /dev/null
  check_site
  begin_campaign
  local -A dealt=()
  for experiment in "${experiments[@]}"; do
    mkdir -p "$campaign/$experiment"
    exec 9> "$campaign/$experiment/lock"
    flock 9 2> /dev/null
    if in_queue "$experiment"; then
      say "$experiment: round $(last_round "$experiment") is under way"
      continue
    fi
    advance "$experiment"
    [ "$elements" -eq 0 ] || {
      dealt[$experiment]=$round
      foretell "$experiment" "$round"
    }
  done
  for experiment in "${!dealt[@]}"; do
    submit "$experiment" "${dealt[$experiment]}" \
      || fail 75 "$experiment could not be submitted; the same command tries again"
  done
  exec 9>&-
  ! all_ended || finish
  say "submitted; make status ENGINE=slurm PROFILE=$profile shows how it goes, results and report come by themselves"
  ! grep -qs '^stopped' /dev/null "$campaign"/*/state || exit 1
}

do_next() {
  local experiment=$1 variable
  # A job's own variables would be taken for options of the jobs that it submits.
  for variable in "${!SLURM_@}"; do
    [ "$variable" = SLURM_CONF ] || unset "$variable"
  done
  [ ! -e "$campaign/cancelled" ] || exit 0
  configuration=$(patiently scontrol show config) || exit 75
  site_options
  exec 9> "$campaign/$experiment/lock"
  flock 9 2> /dev/null
  if [ ! -e "$campaign/$experiment/state" ]; then
    ! in_queue "$experiment" || exit 0
    advance "$experiment"
    if [ "$elements" -gt 0 ]; then
      foretell "$experiment" "$round"
      submit "$experiment" "$round"
      exit
    fi
  fi
  exec 9>&-
  all_ended || exit 0
  exec 8> "$campaign/finishing"
  flock -n 8 || exit 0
  [ -e "$campaign/finished" ] || finish
}

do_status() {
  local experiment number folder jobs note code good bad running waiting reasons text
  [ -r "$campaign/campaign" ] || fail 66 "nothing was begun: make reproduce-all ENGINE=slurm PROFILE=$profile"
  command -v squeue > /dev/null || fail 69 "there is no Slurm here (squeue is missing)"
  token=$(sed -n 's/^token=//p' "$campaign/campaign")
  jobs=$(queue) || exit
  printf '%-22s %5s  %-43s  %s\n' experiment round 'elements: ended, failed, running, waiting' state
  for experiment in "${experiments[@]}"; do
    number=$(last_round "$experiment") folder=$campaign/$experiment/round-$number good=0 bad=0
    for note in "$folder"/ended/*; do
      read -r code _ < "$note"
      case $code in 0 | 75) good=$((good + 1)) ;; *) bad=$((bad + 1)) ;; esac
    done
    text=$(among "^adam-$token-$(elements_of "$experiment")" <<< "$jobs")
    running=$(grep -c ' RUNNING ' <<< "$text")
    waiting=$(grep -c ' PENDING ' <<< "$text")
    reasons=$(awk -F '[ |]' '$3 == "PENDING" { print $4 }' <<< "$text" | sort -u | paste -sd ' ')
    if [ -e "$campaign/$experiment/state" ]; then
      text=$(cat "$campaign/$experiment/state")
    elif [ -n "$text" ]; then
      text=${reasons:+waits for: $reasons}
    elif grep -qF "adam-$token-$experiment-next-" <<< "$jobs"; then
      text="the next round is being made"
    else
      text="nothing in the queue: the same make reproduce-all goes on"
    fi
    printf '%-22s %5s  %-43s  %s\n' "$experiment" "$number" \
      "$(wc -l 2> /dev/null < "$folder/elements"): $good, $bad, $running, $waiting" "${text:-under way}"
    [ "$bad" -eq 0 ] || complain "$experiment: $(why "$folder")"
  done
  [ ! -e "$campaign/cancelled" ] || say "cancelled; make reproduce-all ENGINE=slurm goes on"
  [ ! -e "$campaign/finished" ] || say "finished: results/$profile/report/index.html"
}

do_cancel() {
  local jobs ids
  [ -r "$campaign/campaign" ] || fail 66 "nothing was begun in $campaign"
  command -v scancel > /dev/null || fail 69 "there is no Slurm here (scancel is missing)"
  token=$(sed -n 's/^token=//p' "$campaign/campaign")
  # First, so that no job goes on with another round.
  touch "$campaign/cancelled"
  while :; do
    jobs=$(queue) || fail 75 "Slurm does not answer; jobs may still be there: cancel again"
    ids=$(cut -d ' ' -f 1 <<< "$jobs" | sort -un)
    [ -n "$ids" ] || break
    # shellcheck disable=SC2086  # ids are words
    patiently scancel $ids
    sleep 1
  done
  say "cancelled; what is finished or has a checkpoint is kept, make reproduce-all ENGINE=slurm goes on"
}
