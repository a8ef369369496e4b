# shellcheck shell=bash
# A Slurm of its own on the loopback interface, without systemd, and a copy of the project's tree that
# uses it: results of a check do not touch those of the project. The script that reads this one runs in a
# process group of its own; the process that waits for it ends all that it started, however it ends. Needs
# root, as slurmd does.
set -euo pipefail
check_script=$(realpath "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
project=$PWD

[ -x .build/release/mnist-logistic ] || { echo "build first: make build" >&2; exit 66; }
if [ "$(id -u)" -ne 0 ]; then
  echo "skipped: slurmd runs as root"
  exit 0
fi
# add_packages PACKAGE...: installs those that are missing, without starting what they bring.
add_packages() {
  local package missing=() made='' policy=/usr/sbin/policy-rc.d code=0
  for package; do
    dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing ${missing[*]}"
  [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' > "$policy" && chmod +x "$policy" && made=1; }
  apt-get update -qq || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null \
    || code=$?
  [ -z "$made" ] || rm -f "$policy"
  [ "$code" -eq 0 ] || { echo "by hand: apt-get install ${missing[*]}" >&2; exit 69; }
}
add_packages slurmctld slurmd slurm-client munge hdf5-tools

# belongings: the processes that a check has started: what works in its folder, knows its Slurm or has a
# process id file there, as sshd, which keeps no environment.
belongings() {
  local pid
  {
    find /proc/[0-9]*/cwd -maxdepth 0 -lname "$work*"
    grep -lxzF "SLURM_CONF=$work/slurm.conf" /proc/[0-9]*/environ
    cat "$work"/*.pid | while read -r pid; do ! kill -0 "$pid" || echo "/proc/$pid"; done
  } 2> /dev/null | cut -d / -f 3 | sort -u
}
# end_all: jobs first, while there is somebody to end them; then whatever is left.
end_all() {
  local round pids
  trap '' INT TERM HUP
  if [ -s "$work/slurmctld.pid" ]; then
    SLURM_CONF=$work/slurm.conf timeout 10 scancel --quiet -u root 2> /dev/null || true
  fi
  for round in {1..60}; do
    pids=$(belongings) || true  # a process that has ended meanwhile
    [ -n "$pids" ] || break
    # shellcheck disable=SC2086  # process ids are words
    case $round in
      1 | 25) kill -TERM $pids 2> /dev/null || true ;;
      5[0-9]) kill -KILL $pids 2> /dev/null || true ;;
    esac
    sleep 0.2
  done
  umount "$work/tree/results" 2> /dev/null || true
  rm -rf "$work"
}
if [ -z "${CHECK_FOLDER:-}" ]; then
  work=$(mktemp -d)
  chmod 755 "$work"
  set -m
  mkdir "$work/tmp"
  CHECK_FOLDER=$work SLURM_CONF=$work/slurm.conf TMPDIR=$work/tmp "$check_script" "$@" &
  group=$!
  set +m
  for signal in INT TERM HUP; do
    # shellcheck disable=SC2064  # the signal's name now
    trap "kill -$signal -- -$group 2> /dev/null" "$signal"
  done
  code=0
  while :; do
    wait "$group" && code=0 || code=$?
    kill -0 "$group" 2> /dev/null || break
  done
  end_all
  exit "$code"
fi
work=$CHECK_FOLDER
checks=0

fail() {
  echo "FAILED: $*" >&2
  tail -n 5 "$work"/slurmctld.log "$work"/slurmd.log >&2 || true
  exit 1
}
say() { echo "ok: $*"; }

# await SECONDS COMMAND...: until it succeeds.
await() {
  local until=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$until" ] || fail "waited in vain for: $*"
    sleep 0.1
  done
}

# A port that nothing listens on.
free_port() {
  local port
  while :; do
    port=$((RANDOM % 20000 + 20000))
    (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null || break
  done
  echo "$port"
}

# start_slurm [LINE...]: with these lines of slurm.conf besides.
start_slurm() {
  head -c 1024 /dev/urandom > "$work/munge.key"
  chmod 400 "$work/munge.key"
  mkdir -p "$work/state" "$work/spool" "$work/run"
  cat > "$SLURM_CONF" <<END
ClusterName=loopback
SlurmctldHost=localhost
SlurmUser=root
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
AuthType=auth/munge
AuthInfo=socket=$work/run/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdTimeout=10
KillWait=5
MessageTimeout=10
MinJobAge=60
SchedulerParameters=batch_sched_delay=0,sched_min_interval=50000,bf_interval=5
SchedulerTimeSlice=5
NodeName=localhost CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo) State=UNKNOWN
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO PriorityTier=1 PreemptMode=REQUEUE GraceTime=5
$(printf '%s\n' "$@")
END
  munged --force --key-file="$work/munge.key" --socket="$work/run/munge.socket" \
    --pid-file="$work/munged.pid" --log-file="$work/munged.log" --seed-file="$work/munge.seed" 2> /dev/null
  await 10 test -S "$work/run/munge.socket"
  start_slurmctld
  start_slurmd
  await 30 node_is idle
}
start_slurmctld() {
  slurmctld -i
  await 20 test -s "$work/slurmctld.pid"
}
start_slurmd() { slurmd -N localhost; }
# end_daemon NAME: and waits for its end.
end_daemon() {
  local pid
  pid=$(cat "$work/$1.pid")
  kill "$pid"
  await 30 eval "! kill -0 $pid"
}
node_is() { [ "$(sinfo -h -o %t | tr -d '*~#')" = "$1" ]; }

# A tree with the project's programs and scripts and with results of its own.
tree=$work/tree
mkdir -p "$tree/results"
for name in .build Makefile Package.swift Sources Tests reproductions; do
  ln -s "$project/$name" "$tree/$name"
done
cat > "$tree/cluster.conf" <<'END'
TIME=60
MEMORY=1000
ELEMENT_MINUTES=1
END

# experiments: the project's, or those that a check is about.
experiments=$(sed -n '/^let experiments/,/^]/s/^  "\(.*\)".*/\1/p' Package.swift | tr '\n' ' ')
# cluster COMMAND [OPTION...]: of the profile smoke with stand-ins for the data, in the tree.
unset ADAM_DATA
cluster() {
  local command=$1
  shift
  (cd "$tree" && reproductions/support/cluster.sh "$command" smoke '' "$experiments" \
    --profile smoke "$@")
}
is_finished() { [ -e "$tree/results/smoke/cluster/finished" ]; }
content() { h5dump -a content_sha256 "$1" 2> /dev/null | sed -n 's/.*"\([0-9a-f]\{64\}\)".*/\1/p'; }
# same FOLDER FOLDER: every experiment's result has the same content.
same() {
  local experiment left right
  for experiment in $experiments; do
    left=$(content "$1/$experiment.h5") right=$(content "$2/$experiment.h5")
    [ -n "$left" ] || fail "$1/$experiment.h5 has no content_sha256"
    [ "$left" = "$right" ] || fail "$experiment: $1 and $2 have different content"
    checks=$((checks + 1))
  done
}
