#!/usr/bin/env bash
# Checks the Swift toolchain and installs the Debian packages that are missing.
set -euo pipefail

if ! command -v swift > /dev/null; then
  echo "swift is not on the PATH: install Swift 6.1 or newer from https://www.swift.org/install" >&2
  exit 69
fi

packages=(
  pkg-config libhdf5-dev zlib1g-dev libssl-dev libdnnl-dev libarchive-dev
  libopenblas-dev liblapacke-dev gnuplot-nox curl ca-certificates
)

if ! command -v dpkg-query > /dev/null; then
  # Elsewhere the names differ; say what is needed once, and let the build find out.
  echo "this is not a Debian system: make sure that HDF5, zlib, OpenSSL's libcrypto, oneDNN," \
    "libarchive, OpenBLAS, LAPACKE, gnuplot, curl and pkg-config are installed (with headers)" >&2
  exit 0
fi

# Data, not needed to build: make data can get it elsewhere where there is no such package.
optional=(dataset-fashion-mnist)

is_installed() { dpkg-query -W -f '${Status}' "$1" 2> /dev/null | grep -q 'ok installed'; }
missing=()
wanted=()
for package in "${packages[@]}"; do is_installed "$package" || missing+=("$package"); done
for package in "${optional[@]}"; do is_installed "$package" || wanted+=("$package"); done
[ $((${#missing[@]} + ${#wanted[@]})) -eq 0 ] && exit 0

run=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo > /dev/null; then
    run=(sudo)
  elif [ ${#missing[@]} -eq 0 ]; then
    exit 0
  else
    echo "missing packages; as root: apt-get install ${missing[*]}" >&2
    exit 69
  fi
fi
echo "installing ${missing[*]} ${wanted[*]}"
export DEBIAN_FRONTEND=noninteractive
install() { "${run[@]}" apt-get install -y -qq --no-install-recommends "$@" > /dev/null; }
"${run[@]}" apt-get update -qq || true
if [ ${#missing[@]} -gt 0 ]; then
  install "${missing[@]}" || {
    echo "could not install; by hand: apt-get install ${missing[*]}" >&2
    exit 69
  }
fi
if [ ${#wanted[@]} -gt 0 ]; then
  install "${wanted[@]}" 2> /dev/null || echo "not to be had: ${wanted[*]}; make data gets it" >&2
fi
