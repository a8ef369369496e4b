#!/usr/bin/env bash
# Runs every experiment of a profile one after the other, then the report.
# usage: reproduce-all.sh PROFILE DATA "EXPERIMENT..." [option...]
# DATA: the folder of the data sets that was named; empty: data/, and what is missing is downloaded.
# Environment: BIN, the programs' folder; DATA_ARE_THERE: if set, nothing is downloaded
set -uo pipefail

profile=$1
data=$2
read -r -a experiments <<< "$3"
shift 3

# shellcheck source-path=SCRIPTDIR source=pass-signals.sh
source "$(dirname "$0")/pass-signals.sh"

bin=${BIN:-.build/release}
started=$SECONDS
failed=()

if [ "$profile" != smoke ] && [ -z "$data" ] && [ -z "${DATA_ARE_THERE:-}" ]; then
  # Nothing is downloaded into a folder that was named: that is for make data. What cannot be had is
  # told by the experiments: quick falls back to stand-ins, paper refuses.
  # The experiments check the content of what is there themselves.
  DATA_TRUST_PRESENT=1 run reproductions/support/get-data.sh data > /dev/null
  [ -z "$stopped" ] || exit 75
fi

# What is complete says so in a moment: all are asked first, as many at a time as there are processors, and
# those with nothing to do leave an answer.
ask_all() {
  local experiment processors
  # A signal waits for the answers.
  trap '' INT TERM HUP USR1
  processors=$(nproc)
  for experiment in "${experiments[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$processors" ]; do wait -n; done
    { "$bin/$experiment" "$@" --question > "$folder/$experiment.part" 2> "$folder/$experiment.said" \
      && mv "$folder/$experiment.part" "$folder/$experiment"; } &
  done
  wait
}
folder=$(mktemp -d 2> /dev/null) || folder=''
if [ -n "$folder" ]; then
  trap 'rm -rf "$folder"' EXIT
  run ask_all "$@"
  [ -z "$stopped" ] || exit 75
fi

are_asked=$folder
for experiment in "${experiments[@]}"; do
  if [ -n "$are_asked" ] && [ -e "$folder/$experiment" ]; then
    cat "$folder/$experiment.said" >&2
    cat "$folder/$experiment"
    continue
  fi
  # What is made now others may compare with.
  are_asked=''
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
