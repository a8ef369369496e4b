#!/usr/bin/env bash
# One line for each experiment, what is worth knowing about them, and a total.
# usage: status.sh "EXPERIMENT..." [option...]
set -uo pipefail

read -r -a experiments <<< "$1"
shift

bin=.build/release
scratch=$(mktemp -d) || exit 73
trap 'rm -rf "$scratch"' EXIT

printf '%-20s  %-18s  %-10s  %-16s  %s\n' experiment 'runs done' computed left data
for experiment in "${experiments[@]}"; do
  "$bin/$experiment" --status "$@" 2>> "$scratch/notes" | tee -a "$scratch/rows"
  status=${PIPESTATUS[0]}
  if [ "$status" -ne 0 ]; then
    cat "$scratch/notes" >&2
    exit "$status"
  fi
done

awk -F '  +' '
  function seconds(text,    words, count, i, sum) {
    count = split(text, words, " ")
    for (i = 1; i < count; i += 2)
      sum += words[i] * (words[i + 1] == "h" ? 3600 : words[i + 1] == "min" ? 60 : 1)
    return sum + 0
  }
  function clock(sum) {
    if (sum < 60) return sum " s"
    if (sum < 3600) return int(sum / 60) " min " sum % 60 " s"
    return int(sum / 3600) " h " int(sum % 3600 / 60) " min"
  }
  {
    split($2, runs, " of ")
    if (sub(/^at least /, "", runs[2])) open = 1
    done += runs[1]; all += runs[2]; computed += seconds($3)
    if ($4 ~ /^no /) unknown++
    else left += seconds($4)
  }
  END {
    rest = done == all && !open ? "nothing" : clock(left)
    if (unknown) rest = (left ? clock(left) ", and " : "") unknown " not timed yet"
    printf "%-20s  %-18s  %-10s  %s\n", "total", done " of " (open ? "at least " : "") all, clock(computed), rest
  }' "$scratch/rows"
cat "$scratch/notes" >&2
