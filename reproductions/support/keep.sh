#!/usr/bin/env bash
# Copies files, each in one step: at every instant there is the old or the new complete one, also when
# the disk is full.
# usage: keep.sh FILE... FOLDER | keep.sh FILE TARGET
set -euo pipefail

target=${!#}
set -- "${@:1:$#-1}"
if [ ! -d "$target" ] && [ $# -ne 1 ]; then
  echo "keep.sh: $target is not a folder" >&2
  exit 73
fi
partial=''
trap '[ -z "$partial" ] || rm -f "$partial"' EXIT
for file in "$@"; do
  final=$target
  [ ! -d "$target" ] || final=$target/$(basename "$file")
  partial=$(dirname "$final")/.$(basename "$final").$$.partial
  cp "$file" "$partial" && sync "$partial" && cmp -s "$file" "$partial" || exit 74
  mv -f "$partial" "$final"
  partial=''
done
