#!/bin/sh
# Fuzzes the readers with libFuzzer and AddressSanitizer, each harness for some seconds (default 20).
#
#   Tests/Fuzz/run.sh [SECONDS] [HARNESS ...]
#
# What is found lies in .build/fuzz/found, the corpus in .build/fuzz/corpus. Exit status: 0 nothing
# found; 1 something found; 69 this toolchain has no libFuzzer.

set -u
cd "$(dirname "$0")/../.." || exit 70
seconds=${1:-20}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- IDX Reviews ResultFiles
build=.build/fuzz

for target in Datasets ResultStore; do
  swift build -c release --build-path $build --sanitize=fuzzer --sanitize=address \
    --target $target || {
    echo "fuzz: this toolchain cannot build for libFuzzer" >&2
    exit 69
  }
done
# Harnesses see what the package's own modules see.
package=$(sed -n 's/.*"-package-name","\([^"]*\)".*/\1/p' $build/release.yaml | head -n 1)
flags=$(pkg-config --cflags hdf5 zlib libcrypto libarchive)
libraries=$(pkg-config --libs hdf5 zlib libcrypto libarchive)
for module in CHDF5 CZlib CCrypto CArchive; do
  flags="$flags -fmodule-map-file=Sources/$module/module.modulemap"
done
clang=
for flag in $flags -fmodule-map-file=$build/release/CVectorKernels.build/module.modulemap \
  -fmodule-map-file=$build/release/CLAPACK.build/module.modulemap; do
  clang="$clang -Xcc $flag"
done
objects=$(find $build/release/Datasets.build $build/release/ResultStore.build \
  $build/release/Storage.build $build/release/Numerics.build \
  $build/release/LinearAlgebra.build $build/release/CLAPACK.build \
  $build/release/CVectorKernels.build -name '*.o')

scratch=$(mktemp -d /dev/shm/adam-fuzz-XXXXXX 2> /dev/null || mktemp -d) || exit 73
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
status=0
for harness; do
  corpus=$build/corpus/$harness
  found=$build/found
  mkdir -p "$corpus" "$found"
  # shellcheck disable=SC2086 # lists of words
  swiftc -O -use-ld=lld -parse-as-library -swift-version 6 -sanitize=fuzzer,address \
    -package-name "$package" -module-name "Fuzz$harness" -I $build/release/Modules $clang \
    "Tests/Fuzz/$harness.swift" Tests/Fuzz/Scratch.swift $objects $libraries \
    -o "$build/$harness" || exit 69
  log=$build/$harness.log
  # HDF5 1.10 itself loses some memory when it refuses a file.
  echo leak:libhdf5 > "$build/leaks"
  LSAN_OPTIONS=suppressions=$build/leaks:print_suppressions=0 \
    ADAM_FUZZ_CORPUS=$corpus ADAM_FUZZ_SCRATCH=$scratch "$build/$harness" "-max_total_time=$seconds" -timeout=10 \
    -rss_limit_mb=2048 -max_len=20000 "-artifact_prefix=$found/$harness-" "$corpus" > "$log" 2>&1
  code=$?
  if [ $code -eq 0 ]; then
    echo "fuzz: $harness: $(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\).*/\1 runs in \2 s/p' "$log"), nothing found"
  else
    echo "fuzz: $harness: something found, see $log and $found" >&2
    status=1
  fi
done
exit $status
