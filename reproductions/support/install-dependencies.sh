#!/usr/bin/env bash
# Checks the Swift toolchain, then installs the Debian packages that are missing.
# usage: install-dependencies.sh [--all]
#
# What the build needs is installed, and with it, in the same go, what is useful: figures (gnuplot),
# downloads (curl), Fashion-MNIST. If only the latter are missing nothing is asked; --all installs them.
# Exit status: 0; 69 something is missing and could not be installed; 130 interrupted.
set -euo pipefail

trap 'exit 130' INT
all=
[ "${1:-}" != --all ] || all=1

complain() { printf '%s\n' "$*" >&2; }

# The Debian package that has a library which the loader does not find.
package_of() {
  case $1 in
    libncurses.so.* | libform.so.* | libpanel.so.*) echo "libncurses${1##*.}" ;;
    libtinfo.so.*) echo "libtinfo${1##*.}" ;;
    libsqlite3.so.*) echo "libsqlite3-${1##*.}" ;;
    libxml2.so.2) echo libxml2 ;;
    libcurl.so.*) echo "libcurl${1##*.}" ;;
    libz.so.1) echo zlib1g ;;
    libgcc_s.so.1) echo libgcc-s1 ;;
    libz3.so.*) echo "libz3-${1##*.}" ;;
    libpython*.so.*) echo "${1%%.so*}" ;;
    *.so.[0-9]*) echo "${1%%.so*}${1##*.so.}" ;;
    *) echo "$1" ;;
  esac
}

# Before anything is installed: whether Swift is there, new enough, and can be run.
check_swift() {
  local found folder libraries names version
  if ! found=$(command -v swift); then
    complain "swift is not on the PATH: install Swift 6.1 or newer from https://www.swift.org/install"
    exit 69
  fi
  folder=$(dirname "$(readlink -f "$found")")
  libraries=$(for tool in swift-frontend swift-build swift-driver clang lld; do
    ldd "$folder/$tool" 2> /dev/null || :
  done | awk '/=> not found/ { print $1 }' | sort -u | paste -s -d ' ')
  if [ -n "$libraries" ]; then
    names=$(for library in $libraries; do package_of "$library"; done | sort -u | paste -s -d ' ')
    complain "Swift ($found) needs libraries that are missing ($libraries);" \
      "install them first: apt-get install $names"
    exit 69
  fi
  if ! version=$(swift --version 2>&1); then
    complain "Swift ($found) does not run: ${version%%$'\n'*}; install it anew from https://www.swift.org/install"
    exit 69
  fi
  if [[ $version =~ Swift\ version\ ([0-9]+)\.([0-9]+) ]] \
    && ((BASH_REMATCH[1] < 6 || (BASH_REMATCH[1] == 6 && BASH_REMATCH[2] < 1))); then
    complain "Swift ${BASH_REMATCH[1]}.${BASH_REMATCH[2]} is too old: install 6.1 or newer from https://www.swift.org/install"
    exit 69
  fi
}

check_swift

if ! command -v dpkg-query > /dev/null; then
  # Elsewhere the names differ; say what is needed once, and let the build find out.
  complain "this is not a Debian system: make sure that HDF5, zlib, OpenSSL's libcrypto, oneDNN and" \
    "libarchive (with headers), OpenBLAS, gnuplot, curl and pkg-config are installed"
  exit 0
fi

is_installed() { dpkg-query -W -f '${Status}\n' "$@" 2> /dev/null | grep -q 'ok installed'; }

missing=()
# need PACKAGE [ALTERNATIVE...]: the first is installed if none is there.
need() { is_installed "$@" || missing+=("$1"); }
need pkg-config pkgconf
need libhdf5-dev
need zlib1g-dev
need libssl-dev
need libdnnl-dev
need libarchive-dev
need libopenblas0-pthread libopenblas0-openmp libopenblas0-serial
need binutils
# What Swift links with: start files and libgcc of some version.
compgen -G '/usr/lib/gcc/*/*/crtbeginS.o' > /dev/null || missing+=(gcc-files)

useful=()
for package in gnuplot-nox curl ca-certificates dataset-fashion-mnist; do
  is_installed "$package" || useful+=("$package")
done

if [ ${#missing[@]} -eq 0 ] && [ -z "$all" ]; then
  [ ${#useful[@]} -eq 0 ] \
    || echo "not installed, and not needed to build: ${useful[*]}; make deps installs them"
  exit 0
fi
[ $((${#missing[@]} + ${#useful[@]})) -gt 0 ] || exit 0

run=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null; then
    if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
    complain "missing packages; as root: apt-get install --no-install-recommends" \
      "${missing[*]/gcc-files/libstdc++-12-dev}"
    exit 69
  fi
  run=(sudo)
fi
echo "installing ${missing[*]/gcc-files/libstdc++-dev} ${useful[*]}"

# One command, so that a password is asked for once.
# shellcheck disable=SC2016 # expanded by the inner shell
if ! "${run[@]}" bash -c '
  export DEBIAN_FRONTEND=noninteractive
  install() { apt-get install -y -qq --no-install-recommends "$@" > /dev/null; }
  apt-get update -qq || :
  count=$1
  shift
  needed=("${@:1:count}")
  for i in "${!needed[@]}"; do
    [ "${needed[i]}" != gcc-files ] || needed[i]=$(apt-cache search --names-only "^libstdc\+\+-[0-9]+-dev$" \
      | cut -d " " -f 1 | sort -V | tail -n 1)
  done
  [ "$count" -eq 0 ] || install "${needed[@]}" || exit 69
  shift "$count"
  [ $# -eq 0 ] || install "$@" 2> /dev/null || for package; do
    install "$package" 2> /dev/null || echo "not to be had: $package" >&2
  done' bash ${#missing[@]} "${missing[@]}" "${useful[@]}"; then
  [ ${#missing[@]} -eq 0 ] && exit 0
  complain "could not install; by hand: apt-get install --no-install-recommends" \
    "${missing[*]/gcc-files/libstdc++-12-dev}"
  exit 69
fi
