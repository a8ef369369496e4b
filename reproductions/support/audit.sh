#!/usr/bin/env bash
# Makes kept runs, drawn at random, again from nothing, and compares.
# usage: audit.sh PROFILE COUNT SEED SECONDS "EXPERIMENT..." [option...]
# SEED: a whole number; empty: the time of day. SECONDS: what the runs may take together, by the time
# that they took when they were made.
set -euo pipefail

profile=$1 count=$2 seed=${3:-$(date +%s)} seconds=$4
read -r -a experiments <<< "$5"
shift 5

for number in "$count" "$seed" "$seconds"; do
  if ! [[ $number =~ ^[0-9]{1,15}$ ]]; then
    echo "audit: AUDIT, SEED and AUDIT_SECONDS are whole numbers, not '$number'" >&2
    exit 64
  fi
done

bin=.build/release
kept=results/reference/$profile
if [ ! -d "$kept" ]; then
  have=$(find results/reference -mindepth 1 -maxdepth 1 -type d -printf '%f ' 2> /dev/null)
  echo "audit: there are no kept results in $kept; PROFILE takes one of: $have" >&2
  exit 66
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for experiment in "${experiments[@]}"; do
  "$bin/$experiment" "$@" --output "$work/$experiment.h5" --start "$kept" --auditable \
    > "$work/list"
  sed "s/^/$experiment\t/" "$work/list" >> "$work/all"
done
total=$(wc -l < "$work/all")
if [ "$total" -eq 0 ]; then
  echo "audit: no kept run in $kept can be made again" >&2
  exit 66
fi

# An experiment, then one of its runs, each with the same chance among those that fit into the time
# that is left. The generator is Park and Miller's, the same in every awk.
awk -F '\t' -v count="$count" -v seed="$seed" -v left="$seconds" '
  function draw(n) { state = (state * 16807) % 2147483647; return int(state / 2147483647 * n) }
  { name[NR] = $1; id[NR] = $2; time[NR] = $3 == "?" ? 5 : $3 }
  END {
    state = seed % 2147483646 + 1
    for (i = 0; i < 10; i++) draw(1)
    for (drawn = 0; drawn < count; drawn++) {
      groups = 0
      split("", size); split("", order); split("", member)
      for (i = 1; i <= NR; i++) if (!taken[i] && time[i] <= left) {
        if (!(name[i] in size)) order[groups++] = name[i]
        member[name[i], size[name[i]]++] = i
      }
      if (groups == 0) break
      chosen = order[draw(groups)]
      run = member[chosen, draw(size[chosen])]
      taken[run] = 1
      left -= time[run]
      print name[run] "\t" id[run] "\t" time[run]
    }
  }' "$work/all" > "$work/drawn"

drawn=$(wc -l < "$work/drawn")
expected=$(awk -F '\t' '{ sum += $3 } END { printf "%.0f", sum }' "$work/drawn")
echo "audit of $kept: $drawn of $total kept runs, drawn with SEED=$seed; they took $expected s"
if [ "$drawn" -eq 0 ]; then
  echo "audit: no kept run takes less than $seconds s; give more time with AUDIT_SECONDS" >&2
  exit 64
fi
started=$SECONDS status=0
for experiment in "${experiments[@]}"; do
  identities=$(awk -F '\t' -v name="$experiment" '$1 == name { print $2 }' "$work/drawn" | paste -sd ,)
  [ -n "$identities" ] || continue
  "$bin/$experiment" "$@" --output "$work/$experiment.h5" --start "$kept" --audit "$identities" || {
    ended=$?
    [ "$ended" -ne 75 ] || exit 75
    status=1
  }
done
if [ "$status" -eq 0 ]; then
  echo "all $drawn agree, $((SECONDS - started)) s"
else
  echo "audit: not all agree" >&2
fi
exit "$status"
