#!/usr/bin/env bash
# The command `report` on bad input: one clear line each, the right status, and no half of a report.
#
# usage: check-command.sh RESULT.h5    (any result file; .build/release/report must be built)
set -euo pipefail

result=$(realpath "${1:?usage: check-command.sh RESULT.h5}")
cd "$(dirname "$0")/../.."
report=${REPORT:-.build/release/report}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# expect STATUS PATTERN ARGUMENTS...: the status, and a line on stderr that has the pattern
expect() {
  local status=$1 pattern=$2 got=0
  shift 2
  "$report" "$@" >"$work/out" 2>"$work/err" || got=$?
  if [ "$got" -ne "$status" ]; then
    echo "check-command: report $*: status $got, not $status"
    cat "$work/err"
    failed=1
  fi
  if [ -n "$pattern" ] && ! grep -q -- "$pattern" "$work/err"; then
    echo "check-command: report $*: no line with '$pattern':"
    cat "$work/err"
    failed=1
  fi
}

mkdir -p "$work/empty" "$work/one" "$work/mixed" "$work/readonly"
cp "$result" "$work/one/"
cp "$result" "$work/mixed/"
head -c 2000 "$result" >"$work/mixed/cut.h5"
echo "nothing of ours" >"$work/mixed/foreign.h5"

expect 66 'make reproduce-all' --results "$work/empty"
expect 66 'make reproduce-all' --results "$work/nowhere"
expect 64 'unknown option' --frobnicate
expect 64 'not an option' stray
expect 64 'needs files' --check
expect 0 '' --results "$work/one"
[ -s "$work/one/report/index.html" ] || { echo "check-command: no page"; failed=1; }
expect 0 '' --check "$work/one/"*.h5 "$work/one/report"
sed -i '0,/[0-9]/s/[0-9]/9/' "$work/one/report/report.md"
expect 65 'does not follow from the result files' --check "$work/one/report/report.md"
expect 65 'foreign.h5' --results "$work/mixed"
[ -s "$work/mixed/report/index.html" ] || { echo "check-command: no page beside bad files"; failed=1; }
expect 65 'cut.h5' --check "$work/mixed/cut.h5"
rm -r "$work/one/report"
expect 69 'apt-get install gnuplot-nox' --results "$work/one" --gnuplot no-such-gnuplot
grep -q 'apt-get install gnuplot-nox' "$work/one/report/index.html" ||
  { echo "check-command: the page does not say what to install"; failed=1; }
touch "$work/file"
expect 73 "$work/file" --results "$work/one" --output "$work/file/report"
printf '# Title\n' >"$work/README.md"
expect 65 'add them' --results "$work/one" --readme "$work/README.md"
for block in answer sections; do
  printf '<!-- %s: begin (written by make readme) -->\n<!-- %s: end -->\n' "$block" "$block"
done >"$work/README.md"
expect 1 'make readme' --results "$work/one" --check-readme "$work/README.md"
expect 0 '' --results "$work/one" --readme "$work/README.md"
expect 0 '' --results "$work/one" --check-readme "$work/README.md"
expect 66 'README' --results "$work/one" --readme "$work/nowhere/README.md"
mkdir "$work/ledger"
expect 0 '' --results "$work/one" --readme "$work/README.md" --ledger "$work/ledger"
for file in README.md verdicts.csv; do
  [ -s "$work/ledger/$file" ] || { echo "check-command: no $file of the ledger"; failed=1; }
done
expect 0 '' --results "$work/one" --check-readme "$work/README.md" --ledger "$work/ledger"
echo changed >>"$work/ledger/verdicts.csv"
expect 1 'verdicts.csv' --results "$work/one" --check-readme "$work/README.md" --ledger "$work/ledger"
# Two profiles in one report.
mkdir "$work/two"
cp "$result" "$work/two/"
expect 0 '' --results "$work/one" --results "$work/two" --output "$work/merged"
expect 0 '' --check "$work/merged" --results "$work/one" --results "$work/two"

[ "$failed" -eq 0 ] && echo "check-command: all as it should be"
exit "$failed"
