#!/bin/sh
# Sees that the data folder that was named ($DATA, else $ADAM_DATA) is there. Exit status: 0, or 66.
set -u

folder=${DATA:-${ADAM_DATA:-}}
[ -n "$folder" ] || exit 0
# shellcheck disable=SC2088 # a tilde that no shell has expanded
case $folder in
  '~') folder=$HOME ;;
  '~/'*) folder=$HOME/${folder#'~/'} ;;
esac
if [ ! -d "$folder" ]; then
  printf 'the data folder %s does not exist; correct DATA or ADAM_DATA, or leave them out\n' "$folder" >&2
  exit 66
fi
if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then
  printf 'the data folder %s may not be read: permission denied; make it readable for you\n' "$folder" >&2
  exit 66
fi
