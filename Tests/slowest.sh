#!/usr/bin/env bash
# The ten tests that took longest, from what `swift test` said. Tests run side by side: a time is until the end,
# other tests' share included.
# usage: Tests/slowest.sh LOG
set -euo pipefail
echo "the ten slowest tests:"
sed -nE 's/^. Test (.*) passed after ([0-9.]+) seconds\.$/\2 s  \1/p' "$1" | grep -v '  run with ' | sort -rn | awk 'NR <= 10'
