#!/usr/bin/env bash
# Runs every experiment of a profile one after the other, then the report.
# usage: reproduce-all.sh PROFILE DATA "EXPERIMENT..." [option...]
# DATA: the folder of the data sets that was named; empty: data/, and what is missing is downloaded.
set -uo pipefail

profile=$1
data=$2
read -r -a experiments <<< "$3"
shift 3

# A signal to this script is one to the experiment that is running, whose checkpoint is worth waiting
# for.
child='' stopped=''
pass_on() {
  stopped=1
  [ -z "$child" ] || kill -"$1" "$child" 2> /dev/null
}
for signal in INT TERM HUP USR1; do
  # shellcheck disable=SC2064  # the signal's name now
  trap "pass_on $signal" "$signal"
done

# run COMMAND...: its status in $status.
run() {
  "$@" < /dev/null &
  child=$!
  while :; do
    wait "$child"
    status=$?
    # A signal ends the wait early, while the child is still there.
    kill -0 "$child" 2> /dev/null || break
  done
  child=''
}

bin=.build/release
started=$SECONDS
failed=()

if [ "$profile" != smoke ] && [ -z "$data" ]; then
  # Nothing is downloaded into a folder that was named: that is for make data. What cannot be had is told by the experiments: quick falls back to stand-ins, paper refuses.
  # The experiments check the content of what is there themselves.
  DATA_TRUST_PRESENT=1 run reproductions/support/get-data.sh data > /dev/null
  [ -z "$stopped" ] || exit 75
fi

for experiment in "${experiments[@]}"; do
  run "$bin/$experiment" "$@"
  # Interrupted: the rest goes on later too.
  [ "$status" -eq 75 ] && exit 75
  [ -z "$stopped" ] || exit 75
  [ "$status" -ne 0 ] && failed+=("$experiment (status $status)")
done

run "$bin/report" --if-changed --results "results/$profile"
[ -z "$stopped" ] || exit 75
[ "$status" -eq 0 ] || failed+=("report (status $status)")

if [ ${#failed[@]} -gt 0 ]; then
  printf 'failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "profile $profile: all experiments are done, $((SECONDS - started)) s"
