#!/usr/bin/env bash
# How far each choice that the paper leaves open in Figure 1 (right) takes us from its curves: the
# table of reproductions/imdb-logistic/README.md, one seed a line. Finished runs are kept in FOLDER.
# usage: imdb-choices.sh FOLDER [option...]
set -euo pipefail

folder=${1:?usage: imdb-choices.sh FOLDER [option...]}
shift
program=${PROGRAM:-.build/release/imdb-logistic}
result=$folder/choices.h5

echo '| curve | choice | distance |'
echo '| --- | --- | --- |'
while read -r curve choice; do
  [ -n "$curve" ] || continue
  read -r -a options <<< "$choice"
  # The result is made anew from the runs, so that its verdicts are printed.
  rm -f "$result"
  # The options' values may not be split: a schedule has no spaces.
  distance=$("$program" --seeds 0 --optimizers "$curve" "${options[@]}" --output "$result" "$@" \
    < /dev/null 2> "$folder.log" \
    | awk -v id="fig1b.match.$(tr 'A-Z+' 'a-z-' <<< "$curve")" '$0 ~ id {print $NF; exit}')
  echo "| $curve | ${choice//--/} | ${distance:-diverged} |"
done < <(grep -v '^#' "$(dirname "$0")/../imdb-logistic/choices.txt")
