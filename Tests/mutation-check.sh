#!/usr/bin/env bash
# Mutation check of the optimizers: flips one operator or constant of an update at a time, in a
# temporary copy, and asserts that the optimizer's own tests go red. As one optimizer's tests judge
# only that optimizer, a round mutates one place in every optimizer at once. Prints a table; exits 1
# if a mutant survives. Takes about 10 minutes on two cores.
#
# Usage: Tests/mutation-check.sh [kernels|swift|helpers ...]     (default: all three)
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
phases=("$@")
[ $# -gt 0 ] || phases=(kernels swift helpers)
for phase in "${phases[@]}"; do
  case $phase in
  kernels | swift | helpers) ;;
  *)
    echo "mutation-check: unknown phase '$phase'; choose among kernels, swift, helpers" >&2
    exit 64
    ;;
  esac
done

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy/Sources" "$copy/Tests"
for module in CVectorKernels CCrypto CZlib CLAPACK Numerics Storage LinearAlgebra Optimizers; do
  cp -r "$root/Sources/$module" "$copy/Sources/"
done
cp -r "$root/Tests/OptimizersTests" "$copy/Tests/"
cat >"$copy/Package.swift" <<'PACKAGE'
// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "mutants",
  targets: [
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
    .target(name: "CLAPACK", linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "CVectorKernels",
      cSettings: [.unsafeFlags(["-O3", "-fno-math-errno", "-ffp-contract=off"])]),
    .target(name: "Numerics", dependencies: ["CVectorKernels"]),
    .target(name: "Storage", dependencies: ["Numerics", "CCrypto", "CZlib"]),
    .target(name: "LinearAlgebra", dependencies: ["Storage", "CLAPACK"]),
    .target(
      name: "Optimizers", dependencies: ["Storage", "Numerics", "CVectorKernels", "LinearAlgebra"]),
    .testTarget(
      name: "OptimizersTests", dependencies: ["Optimizers", "Storage", "Numerics", "CVectorKernels"]),
  ]
)
PACKAGE
cd "$copy"
kernels=Sources/CVectorKernels/optimizers.c
header=Sources/CVectorKernels/include/vk_optimizers.h
cp -r Sources pristine

# Lists the mutants of a file: group <tab> line <tab> column <tab> length <tab> replacement. Groups
# are the functions whose first line matches `start`; a function ends with a closing brace as far
# left as `close`.
mutants() { # file start close
  awk -v start="$2" -v close_="$3" '
    BEGIN {
      count = split("@ + @ - @ * @ / @ > @ < @ += @ -= @ *= @0.0f@fabsf(@, 1, @0.5 *@(1.0 @", from, "@")
      split("@ - @ + @ / @ * @ < @ > @ -= @ += @ /= @1.0f@(@, 2, @0.25 *@(2.0 @", to, "@")
    }
    $0 ~ start {
      inside = 1; group = $0
      sub(/\(.*/, "", group); sub(/.*[ *]/, "", group)
    }
    inside && !/^ *\/\// && $0 !~ start {
      body = index($0, "i++)") ? index($0, "i++)") + 3 : 0  # a loop over all elements is no mutant
      for (i = 2; i < count; i++) {
        offset = body; rest = substr($0, body + 1)
        while ((at = index(rest, from[i])) > 0) {
          printf "%s\t%d\t%d\t%d\t%s\n", group, NR, offset + at, length(from[i]), to[i]
          offset += at; rest = substr(rest, at + 1)
        }
      }
    }
    inside && index($0, close_) == 1 { inside = 0 }
  ' "$1"
}

# Applies one mutant to a file.
mutate() { # file line column length replacement
  awk -v line="$2" -v column="$3" -v len="$4" -v to="$5" '
    NR == line { $0 = substr($0, 1, column - 1) to substr($0, column + len) }
    { print }
  ' "$1" >"$1.new"
  mv "$1.new" "$1"
}

# Only what differs is copied: an untouched header keeps its time, and Swift is not compiled again.
restore() {
  local original file
  for original in pristine/CVectorKernels/optimizers.c \
    pristine/CVectorKernels/include/vk_optimizers.h pristine/Optimizers/*.swift; do
    file=Sources/${original#pristine/}
    cmp -s "$original" "$file" || cp "$original" "$file"
  done
}

# Builds and runs the tests; the suites that went red, one a line.
red_suites() {
  if ! swift build -c release --build-tests >build.log 2>&1; then
    cat build.log >&2
    echo "mutation-check: a mutant does not compile" >&2
    exit 70
  fi
  timeout 120 swift test -c release --skip-build >test.log 2>&1 || true
  if ! grep -q 'Test run with' test.log; then
    # A crash hides the other suites: run each alone.
    for file in Tests/OptimizersTests/*Tests.swift; do
      suite=$(basename "$file" .swift)
      timeout 60 swift test -c release --skip-build --filter "\.$suite/" >test.log 2>&1 ||
        echo "$suite"
    done
    return
  fi
  sed -n 's/.*Suite \([A-Za-z]*\) failed.*/\1/p' test.log | sort -u
}

killed=0
survived=0
declare -A total caught
judge() { # group mutant-text suite red
  total[$1]=$((${total[$1]:-0} + 1))
  if grep -qx "$3" <<<"$4"; then
    killed=$((killed + 1))
    caught[$1]=$((${caught[$1]:-0} + 1))
  else
    survived=$((survived + 1))
    echo "survived: $1 against $3: $2"
  fi
}

# Runs rounds over a list of mutants (columns: file, group, line, column, length, replacement),
# the k-th mutant of every group in round k.
rounds() { # list
  local round=0 file group line column len to text red suite
  while awk -F'\t' -v round="$round" 'n[$2]++ == round' "$1" >round.list && [ -s round.list ]; do
    restore
    while IFS=$'\t' read -r file group line column len to; do
      mutate "$file" "$line" "$column" "$len" "$to"
    done <round.list
    red=$(red_suites)
    while IFS=$'\t' read -r file group line column len to; do
      text="line $line column $column becomes '$to'"
      for suite in $(suites_of "$group"); do judge "$group" "$text" "$suite" "$red"; done
    done <round.list
    round=$((round + 1))
    echo "round $round: $(wc -l <round.list) mutants, suites red: $(wc -w <<<"$red")"
  done
}

# The test suites of the methods that call a kernel, or of a Swift file.
suites_of() {
  case $1 in
  vk_*) (cd pristine/Optimizers && grep -lE "\b$1\(" -- *.swift | sed 's/\.swift$/Tests/') ;;
  *) echo "${1}Tests" ;;
  esac
}

echo "mutation-check: the tests as they are"
red=$(red_suites)
if [ -n "$red" ]; then
  echo "mutation-check: red before any mutation: $red" >&2
  exit 1
fi

for phase in "${phases[@]}"; do
  echo "mutation-check: $phase"
  case $phase in
  kernels)
    mutants "$kernels" '^VECTOR_KERNEL' '}' | sed "s|^|$kernels\t|" >list
    rounds list
    ;;
  swift)
    : >list
    for file in Sources/Optimizers/*.swift; do
      name=$(basename "$file" .swift)
      [ -f "Tests/OptimizersTests/${name}Tests.swift" ] || continue
      grep -q 'vk_' "$file" || continue
      mutants "$file" 'func (step|add|write|mu)\(' '  }' |
        awk -F'\t' -v OFS='\t' -v file="$file" -v name="$name" '{ $1 = name; print file, $0 }' \
          >>list
    done
    rounds list
    ;;
  helpers)
    # Shared by the kernels, so one at a time; some suite has to notice.
    { mutants "$kernels" '^INLINE' '}' | sed "s|^|$kernels\t|"
      mutants "$header" 'vk_average_of\(' '}' | sed "s|^|$header\t|"; } >list
    while IFS=$'\t' read -r file group line column len to <&3; do
      restore
      mutate "$file" "$line" "$column" "$len" "$to"
      red=$(red_suites)
      total[$group]=$((${total[$group]:-0} + 1))
      if [ -n "$red" ]; then
        killed=$((killed + 1))
        caught[$group]=$((${caught[$group]:-0} + 1))
      else
        survived=$((survived + 1))
        echo "survived: $group line $line column $column becomes '$to'"
      fi
      echo "$group line $line: suites red: $(wc -w <<<"$red")"
    done 3<list
    ;;
  esac
done

printf '%-28s %8s %8s\n' "mutated" "mutants" "caught"
for group in "${!total[@]}"; do
  printf '%-28s %8d %8d\n' "$group" "${total[$group]}" "${caught[$group]:-0}"
done | sort
printf '%-28s %8d %8d\n' "all" "$((killed + survived))" "$killed"
[ "$survived" -eq 0 ]
