#!/usr/bin/env bash
# Runs every experiment of a profile one after the other, then the report.
# usage: reproduce-all.sh PROFILE DATA "EXPERIMENT..." [option...]
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

if [ "$profile" != smoke ] && [ -z "${DATA_ARE_THERE:-}" ]; then
  # What cannot be had is told by the experiments: quick falls back to stand-ins, paper refuses.
  # The experiments check the content of what is there themselves.
  DATA_TRUST_PRESENT=1 run reproductions/support/get-data.sh "$data" > /dev/null
  [ -z "$stopped" ] || exit 75
fi

for experiment in "${experiments[@]}"; do
  run "$bin/$experiment" "$@"
  # Interrupted: the rest goes on later too.
  [ "$status" -eq 75 ] && exit 75
  [ -z "$stopped" ] || exit 75
  [ "$status" -ne 0 ] && failed+=("$experiment (status $status)")
done

page=results/$profile/report/index.html
if [ "$page" -nt "$bin/report" ] \
  && [ -z "$(find "results/$profile" -maxdepth 1 -name '*.h5' -newer "$page")" ]; then
  echo "report: nothing to do, $page is complete"
else
  run "$bin/report" --results "results/$profile"
  [ -z "$stopped" ] || exit 75
  [ "$status" -eq 0 ] || failed+=("report (status $status)")
fi

if [ ${#failed[@]} -gt 0 ]; then
  printf 'failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "profile $profile: all experiments are done, $((SECONDS - started)) s"
