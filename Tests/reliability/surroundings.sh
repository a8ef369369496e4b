#!/usr/bin/env bash
# Proves: what surrounds the program may fail, and it says so in one line and loses nothing: a TMPDIR
# that is missing or full (results are written, figures are drawn later), figures and pages that were
# damaged or dated ahead, standard output that takes nothing, descriptors 0 to 2 that are closed,
# links that lead nowhere, names that are no text.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
command -v gnuplot > /dev/null || { echo "gnuplot is missing: apt-get install gnuplot-nox" >&2; exit 69; }
report=.build/release/report
trace=.build/release/optimizer-trace
for program in "$report" "$trace"; do
  [ -x "$program" ] || { echo "build first: make build" >&2; exit 66; }
done
disk=''
trap '[ -z "$disk" ] || umount "$disk" 2> /dev/null || true; rm -rf "$work"' EXIT

# one_line: the last program said one line on standard error (in $work/errors).
one_line() { [ "$(wc -l < "$work/errors")" -eq 1 ] || fail "$1: $(cat "$work/errors")"; }

run 0 "${tiny[@]}" --output "$work/whole/x.h5"
svg=figures/x.h5/mnist-logistic-custom.svg png=figures/x.h5/mnist-logistic-custom.png

# no_figures TMPDIR WORDS: the results are written without figures, which come next time.
no_figures() {
  local out=$work/t/x.h5 status=0
  rm -rf "$work/t"
  TMPDIR=$1 "$bin" "${tiny[@]}" --output "$out" > "$work/output" 2> "$work/errors" || status=$?
  case $status in 73 | 74) ;; *) fail "TMPDIR=$1: status $status: $(cat "$work/errors")" ;; esac
  one_line "TMPDIR=$1"
  grep -q "no figures: .*$2" "$work/errors" || fail "TMPDIR=$1: $(cat "$work/errors")"
  same "$out" "$work/whole/x.h5"
  if find "$work/t/figures" -type f 2> /dev/null | grep -q .; then fail "TMPDIR=$1: figures"; fi
  run 0 "${tiny[@]}" --output "$out"
  cmp "$work/t/$svg" "$work/whole/$svg" || fail "the figure differs"
  cmp "$work/t/$png" "$work/whole/$png" || fail "the figure differs"
}
no_figures "$work/nowhere" "No such file or directory"
touch "$work/file"
no_figures "$work/file" "Not a directory"
say "TMPDIR missing or a file: results without figures, which are drawn next time"

disk=$work/disk
mkdir "$disk"
if mount -t tmpfs -o size=512k tmpfs "$disk" 2> /dev/null; then
  for left in 0 4 16 40 80 120; do
    rm -f "$disk/balloon"
    free=$(($(df -k --output=avail "$disk" | tail -n 1) - left))
    head -c "${free}k" /dev/zero > "$disk/balloon"
    no_figures "$disk" "No space left on device"
    rm -f "$disk/balloon"
  done
  say "TMPDIR with 0 to 120 kB left: the same"
  cp "$work/whole/x.h5" "$disk/"
  "$report" --quiet --results "$disk" > /dev/null 2> "$work/errors" || fail "$(cat "$work/errors")"
  before=$(sha256sum "$disk/x.h5" "$disk/report/index.html")
  for kept in 1 2 3; do
    free=$(($(df -k --output=avail "$disk" | tail -n 1) - 4 * kept))
    head -c "${free}k" /dev/zero > "$disk/balloon"
    # A changed list of claims asks for another page.
    sed -n "1p; 2s/^\([^\t]*\t[^\t]*\)/\1.again-$kept/p" results/reference/claims.tsv > "$work/claims.tsv"
    status=0
    "$report" --quiet --results "$disk" > /dev/null 2> "$work/errors" || status=$?
    rm -f "$disk/balloon"
    [ "$status" -eq 0 ] || one_line "report on a full disk"
    case $status in 0 | 73 | 74) ;; *) fail "report: status $status: $(cat "$work/errors")" ;; esac
    [ "$status" -eq 0 ] || [ "$before" = "$(sha256sum "$disk/x.h5" "$disk/report/index.html")" ] \
      || fail "the page or the results changed on a full disk"
    "$report" --quiet --results "$disk" || fail "the report is not made with space"
    before=$(sha256sum "$disk/x.h5" "$disk/report/index.html")
  done
  status=0
  rm -rf "$disk/report"
  head -c 512k /dev/zero > "$disk/balloon" 2> /dev/null || true
  "$report" --quiet --results "$disk" > /dev/null 2> "$work/errors" || status=$?
  case $status in 73 | 74) one_line "report" ;; *) fail "report: status $status" ;; esac
  [ ! -e "$disk/report/index.html" ] || fail "half of a page"
  rm "$disk/balloon"
  same "$disk/x.h5" "$work/whole/x.h5"
  say "report on a full disk: told, nothing lost"

  # make claims, in a copy of the project that is on the disk but for the programs.
  rm -rf "${disk:?}"/*
  mount -o remount,size=2m "$disk"
  mkdir -p "$disk/project/results/reference" "$disk/project/.build" "$disk"/project/{Sources,Tests}
  cp -r Makefile Package.swift "$disk/project/"
  mkdir -p "$disk/project/reproductions" && cp -r reproductions/support "$disk/project/reproductions/"
  ln -s "$PWD/.build/release" "$disk/project/.build/release"
  mkdir "$disk/project/.build/stamps"
  touch "$disk/project/.build/stamps/deps" "$disk/project/.build/stamps/build"
  claims=$disk/project/results/reference/claims.tsv
  make -s -C "$disk/project" -o .build/stamps/build claims
  cp "$claims" "$work/claims.whole"
  cmp -s "$claims" results/reference/claims.tsv || fail "make claims: not the project's list"
  cat /dev/zero > "$disk/balloon" 2> /dev/null || true
  if make -s -C "$disk/project" -o .build/stamps/build claims > "$work/said" 2>&1; then
    fail "make claims on a full disk succeeds"
  fi
  cmp -s "$claims" "$work/claims.whole" || fail "make claims on a full disk: the list is changed"
  [ ! -e "$claims.partial" ] || fail "make claims leaves half of a list"
  rm "$disk/balloon"
  say "make claims on a full disk: fails, the old list stays"
else
  echo "skipped: may not mount a tmpfs"
fi

# Complete is what has the right content, whatever its date.
out=$work/c/x.h5
run 0 "${tiny[@]}" --output "$out"
run 0 "${tiny[@]}" --output "$out"
said "nothing to do"
for damage in 'truncate -s 0' 'truncate -s -20' 'rm' 'sed -i s/Adam/Abam/'; do
  for figure in "$svg" "$png"; do
    case $damage,$figure in sed*png) continue ;; esac
    $damage "$work/c/$figure"
    run 0 "${tiny[@]}" --output "$out"
    cmp -s "$work/c/$figure" "$work/whole/$figure" || fail "$damage $figure: not drawn again"
  done
done
cp "$work/whole/$png" "$work/c/$png"
touch -d '+1 year' "$work/c/$png"
run 0 "${tiny[@]}" --output "$out"
said "nothing to do"
say "figures that were emptied, cut, removed or edited are drawn again"

page=$work/c/report/index.html
"$report" --quiet --results "$work/c"
cp -r "$work/c/report" "$work/page"
for damage in 'touch -d +1year' 'truncate -s 100' 'rm' 'sed -i s/Adam/Abam/'; do
  $damage "$page"
  "$report" --if-changed --results "$work/c" > "$work/said" 2>&1 || fail "$(cat "$work/said")"
  cmp -s "$page" "$work/page/index.html" || fail "$damage: the page is not made again"
done
"$report" --if-changed --results "$work/c" | grep -q 'nothing to do' || fail "the report is made again"
run 0 "${tiny[@]}" --seeds 1 --output "$work/c/y.h5"
touch -d '+1 year' "$page"
if "$report" --if-changed --results "$work/c" | grep -q 'nothing to do'; then
  fail "the page has not the second result"
fi
rm "$work/c/y.h5"
if "$report" --if-changed --results "$work/c" | grep -q 'nothing to do'; then
  fail "the page still has the result that was removed"
fi
say "the page is made again if it was changed, or the results were; its date says nothing"

# Standard output that takes nothing.
for arguments in --help --version --claims "--list --profile smoke" "--status --profile smoke" \
  "--dry-run --profile smoke" "${tiny[*]} --output $work/full/x.h5"; do
  status=0
  # shellcheck disable=SC2086  # words
  "$bin" $arguments > /dev/full 2> "$work/errors" || status=$?
  [ "$status" -eq 74 ] || fail "$arguments > /dev/full: status $status"
  one_line "$arguments"
  grep -q 'standard output' "$work/errors" || fail "$arguments: $(cat "$work/errors")"
done
same "$work/full/x.h5" "$work/whole/x.h5"
for command in "$report --help" "$report --version" "$report --results $work/c" \
  "$report --check $work/c/x.h5" "$trace --help" "$trace --list" "$trace --version" \
  ".build/release/bench-optimizers --help" ".build/release/bench-networks --help"; do
  status=0
  $command > /dev/full 2> "$work/errors" || status=$?
  [ "$status" -eq 74 ] || fail "$command > /dev/full: status $status: $(cat "$work/errors")"
  one_line "$command"
done
status=0
"$bin" --list --profile smoke | true || status=$?
"$bin" --claims | head -n 1 > "$work/said"
[ -s "$work/said" ] || fail "no claim"
say "output that cannot be written: status 74 and one line; results are written"

# Closed descriptors: no file takes their place.
for closed in '>&-' '2>&-' '<&-' '>&- 2>&-' '>&- 2>&- <&-'; do
  rm -rf "$work/d"
  status=0
  eval '"$bin" "${tiny[@]}" --seeds 0,1 --jobs 2 --output "$work/d/x.h5"' "$closed" || status=$?
  [ "$status" -eq 0 ] || fail "$closed: status $status"
  for file in "$work"/d/runs/*/*.run; do
    if grep -qa 'mnist-logistic: ' "$file"; then fail "$closed: messages in $file"; fi
  done
  eval '"$bin" "${tiny[@]}" --seeds 0,1 --fresh --jobs 2 --output "$work/e/x.h5" > /dev/null 2>&1'
  same "$work/d/x.h5" "$work/e/x.h5"
  rm -rf "$work/e"
done
say "closed descriptors: the same results"

# A link that leads nowhere is told, not replaced.
mkdir "$work/l"
ln -s "$work/nowhere/x.h5" "$work/l/x.h5"
run 73 "${tiny[@]}" --output "$work/l/x.h5"
said "is a link to something that is not there"
[ -L "$work/l/x.h5" ] || fail "the link was replaced"
mkdir "$work/nowhere"
cp "$work/whole/x.h5" "$work/nowhere/"
run 0 "${tiny[@]}" --output "$work/l/x.h5"
[ -L "$work/l/x.h5" ] || fail "the link was replaced"
ln -s "$work/gone" "$work/l/folder"
run 73 "${tiny[@]}" --output "$work/l/folder/x.h5"
[ "$(wc -l < "$work/said")" -eq 1 ] || fail "$(cat "$work/said")"
name=$(printf 'r\351sultats')
run 64 "${tiny[@]}" --output "$work/$name/x.h5"
said "is not UTF-8"
[ -z "$(find "$work" -maxdepth 1 -name 'r*sultats*')" ] || fail "a folder of another name"
run 0 "${tiny[@]}" --output "$work/résultats 한국어/x.h5"
same "$work/résultats 한국어/x.h5" "$work/whole/x.h5"
say "links that lead nowhere, names that are no text: refused with a line"
say "$checks checks"
