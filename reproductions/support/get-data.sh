#!/bin/sh
# Downloads the data sets' official files from their public places, verifies them, and leaves alone
# what is there already.
#
#   get-data.sh [FOLDER] [mnist] [fashion-mnist] [cifar-10] [imdb]
#
# FOLDER: where to, made if need be; default $ADAM_DATA, which must be there, else data. One that is
# called like a data set: ./mnist.
# Without names: all four.
# Environment:
#   DATA_BASE_URL         get every file from there instead: $DATA_BASE_URL/mnist/...; any URL of curl's
#   DATA_CHECKSUMS        a file with other lines like those of `files` below
#   DATA_CONNECT_TIMEOUT  seconds to wait for a server; default 5
#   DATA_TRUST_PRESENT    if set, files that are there are not verified: whoever reads them does it
#   DATA_DEBIAN_FASHION   where Debian's dataset-fashion-mnist is; a folder that has it is enough
# Exit status: 0 all there; 64 usage; 65 a file is there that is not the known one; 66 a file could
# not be had, or $ADAM_DATA is not there; 69 a program is missing; 73 the folder cannot be made or written; 75 another
# download into the same folder is running.

set -u

program=get-data
folder=${ADAM_DATA:-data}
[ -n "$folder" ] || folder=data
timeout=${DATA_CONNECT_TIMEOUT:-5}
rounds=3
debian_fashion=${DATA_DEBIAN_FASHION:-/usr/share/datasets/fashion-mnist}

# sha256, path, then: URLs of the file itself. A line `= sha256 path` is another file that serves as
# well as the line before it; where its path is that one without .gz, it is the content, and the file
# serves however it was gzipped.
files() {
  if [ -n "${DATA_CHECKSUMS:-}" ]; then
    cat "$DATA_CHECKSUMS"
    return
  fi
  s3=https://ossci-datasets.s3.amazonaws.com/mnist
  cvdf=https://storage.googleapis.com/cvdf-datasets/mnist
  zalando=http://fashion-mnist.s3-website.eu-central-1.amazonaws.com
  cat <<EOF
440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609 mnist/train-images-idx3-ubyte.gz $s3/train-images-idx3-ubyte.gz $cvdf/train-images-idx3-ubyte.gz
= ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db mnist/train-images-idx3-ubyte
3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c mnist/train-labels-idx1-ubyte.gz $s3/train-labels-idx1-ubyte.gz $cvdf/train-labels-idx1-ubyte.gz
= 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5 mnist/train-labels-idx1-ubyte
8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6 mnist/t10k-images-idx3-ubyte.gz $s3/t10k-images-idx3-ubyte.gz $cvdf/t10k-images-idx3-ubyte.gz
= 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7 mnist/t10k-images-idx3-ubyte
f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6 mnist/t10k-labels-idx1-ubyte.gz $s3/t10k-labels-idx1-ubyte.gz $cvdf/t10k-labels-idx1-ubyte.gz
= ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2 mnist/t10k-labels-idx1-ubyte
3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84 fashion-mnist/train-images-idx3-ubyte.gz $zalando/train-images-idx3-ubyte.gz
= c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888 fashion-mnist/train-images-idx3-ubyte
= b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7 fashion-mnist/train-images-idx3-ubyte.gz
a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845 fashion-mnist/train-labels-idx1-ubyte.gz $zalando/train-labels-idx1-ubyte.gz
= bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9 fashion-mnist/train-labels-idx1-ubyte
= 0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056 fashion-mnist/train-labels-idx1-ubyte.gz
346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073 fashion-mnist/t10k-images-idx3-ubyte.gz $zalando/t10k-images-idx3-ubyte.gz
= 5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b fashion-mnist/t10k-images-idx3-ubyte
= cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa fashion-mnist/t10k-images-idx3-ubyte.gz
67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5 fashion-mnist/t10k-labels-idx1-ubyte.gz $zalando/t10k-labels-idx1-ubyte.gz
= 0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34 fashion-mnist/t10k-labels-idx1-ubyte
= 8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05 fashion-mnist/t10k-labels-idx1-ubyte.gz
c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd cifar-10/cifar-10-binary.tar.gz https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz
= 7733bec7c84702b012a51f89f39c36b3c14ec2af7498b07df04695c9ff4b2e73 cifar-10/cifar-10-binary.tar.gz
c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe imdb/aclImdb_v1.tar.gz https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz
= 64b3b4856c0c743c34fd888657bcc277ddec90d4e2841029782359c0fbb327b0 imdb/aclImdb_v1-labelled.tar.gz
EOF
}

say() { printf '%s: %s\n' "$program" "$*"; }
complain() { printf '%s: %s\n' "$program" "$*" >&2; }
fail() {
  status=$1
  shift
  complain "$*"
  exit "$status"
}

named=${ADAM_DATA:-}
case ${1:-} in
  mnist | fashion-mnist | cifar-10 | imdb | '') ;;
  -*) fail 64 "usage: get-data.sh [FOLDER] [mnist] [fashion-mnist] [cifar-10] [imdb]" ;;
  *)
    folder=$1
    named=
    shift
    ;;
esac
# shellcheck disable=SC2088 # a tilde that no shell has expanded
case $folder in
  '~') folder=$HOME ;;
  '~/'*) folder=$HOME/${folder#'~/'} ;;
esac
[ -z "$named" ] || [ -d "$folder" ] \
  || fail 66 "the data folder $folder (ADAM_DATA) does not exist; correct ADAM_DATA, or make the folder"
for name; do
  case $name in
    mnist | fashion-mnist | cifar-10 | imdb) ;;
    *) fail 64 "unknown data set $name; choose from: mnist fashion-mnist cifar-10 imdb" ;;
  esac
done
[ $# -gt 0 ] || set -- mnist fashion-mnist cifar-10 imdb

if command -v sha256sum > /dev/null; then
  digest() { sha256sum < "$1" | cut -d ' ' -f 1; }
elif command -v shasum > /dev/null; then
  digest() { shasum -a 256 < "$1" | cut -d ' ' -f 1; }
else
  fail 69 "sha256sum is missing; install coreutils"
fi

unreachable=' '
host_of() {
  rest=${1#*://}
  printf '%s' "${1%%://*}://${rest%%/*}"
}

# The files that serve as the one at path $1, itself first: sha256 and path, a line each.
candidates() {
  awk -v path="$1" '$1 == "=" { if (own) print $2, $3; next }
    { own = $2 == path; if (own) print $1, $2 }' "$list"
}

# The path under which the file $1 serves: one of those in $own whose sha256 it has itself, or whose
# content it has; nothing if it is none of them.
serves_as() {
  awk -v sha256="$(digest "$1")" '$1 == sha256 { print $2; exit }' "$own" > "$served"
  if [ ! -s "$served" ] && gzip -t "$1" 2> /dev/null; then
    gzip -dc "$1" > "$unpacked"
    awk -v sha256="$(digest "$unpacked")" \
      'NR == 1 { first = $2 } $1 == sha256 && $2 ".gz" == first { print first; exit }' "$own" > "$served"
    rm -f "$unpacked"
  fi
  cat "$served"
}

# Whether the data set $1 is there in a form that the experiments read and verify themselves.
is_there_otherwise() {
  case $1 in
    mnist) set -- "$folder/MNIST/raw/train-images-idx3-ubyte" ;;
    fashion-mnist) set -- "$folder/FashionMNIST/raw/train-images-idx3-ubyte" ;;
    cifar-10) set -- "$folder/cifar-10-batches-bin" "$folder/cifar-10/cifar-10-batches-bin" ;;
    imdb) set -- "$folder/aclImdb" "$folder/imdb/aclImdb" ;;
  esac
  for place; do
    for form in "$place" "$place.gz"; do
      [ ! -e "$form" ] || { say "$form: there"; return 0; }
    done
  done
  return 1
}

# Says what is there for path $1. 0: verified; 65: something else; 1: nothing.
inspect() {
  candidates "$1" > "$own"
  found=
  while read -r known candidate; do
    [ -e "$folder/$candidate" ] || continue
    found=$candidate
    if [ -n "${DATA_TRUST_PRESENT:-}" ]; then
      say "$candidate: there"
      return 0
    fi
    if [ "$(digest "$folder/$candidate")" = "$known" ] \
      || [ "$(serves_as "$folder/$candidate")" = "$candidate" ]; then
      say "$candidate: there, verified"
      return 0
    fi
  done < "$own"
  [ -n "$found" ] || return 1
  complain "$found: there, but not the known file; move $folder/$found away to get that"
  return 65
}

# What the file $1, which is none of the known ones, is.
kind_of() {
  case $(head -c 200 "$1" | tr -d '\000' | tr '[:upper:]' '[:lower:]' | tr -d ' \n\r\t') in
    '<!doctypehtml'* | '<html'* | '<head'*) echo 'a web page, not the file' ;;
    '<?xml'* | '<error'*) echo "a server's message (XML), not the file" ;;
    versionhttps://git-lfs*) echo 'a pointer of Git LFS, not the file' ;;
    '') echo empty ;;
    *) echo 'another file (it has another sha256)' ;;
  esac
}

# Gets the URL $1 into $part, from where an interrupted download left off.
fetch() {
  for attempt in continued anew; do
    message=$(curl --fail --silent --show-error --location --connect-timeout "$timeout" \
      --speed-limit 1000 --speed-time 20 --continue-at - --output "$part" "$1" 2>&1)
    code=$?
    # 33, 36: the server does not continue, so the second attempt begins anew.
    case $attempt$code in
      continued33 | continued36) rm -f "$part" ;;
      *) return $code ;;
    esac
  done
  return "$code"
}

# Gets $1 (path), whose candidates are in $own, from the URLs that follow; 0 if it is there now.
download() {
  path=$1
  shift
  [ -z "${DATA_BASE_URL:-}" ] || set -- "${DATA_BASE_URL%/}/$path"
  command -v curl > /dev/null || fail 69 "curl is missing; install it (sudo apt install curl)"
  target=$folder/$path
  part=$target.part
  mkdir -p "${target%/*}" 2> /dev/null \
    || fail 73 "cannot make the folder ${target%/*}; choose another one"
  [ -w "${target%/*}" ] \
    || fail 73 "cannot write to ${target%/*}; choose another folder"
  reason='its servers cannot be reached'
  round=1
  while [ $round -le $rounds ]; do
    tried=
    for url; do
      case $unreachable in *" $(host_of "$url") "*) continue ;; esac
      tried=yes
      if ! { [ -s "$part" ] && [ -n "$(serves_as "$part")" ]; }; then
        [ ! -t 1 ] || say "$path: downloading from $(host_of "$url")"
        fetch "$url"
        code=$?
        if [ $code -ne 0 ]; then
          reason="${message:-curl $code}"
          case $code in
            # Not found, or what was there before is longer: from the beginning next time.
            22) rm -f "$part" ;;
            # No such host, no answer: do not wait for this server again.
            5 | 6 | 7) unreachable="$unreachable$(host_of "$url") " ;;
            28) [ -s "$part" ] || unreachable="$unreachable$(host_of "$url") " ;;
          esac
          continue
        fi
      fi
      got=$(serves_as "$part")
      if [ -n "$got" ]; then
        target=$folder/$got
        chmod a+r "$part"
        sync "$part" 2> /dev/null || :
        mv -f "$part" "$target" || fail 73 "cannot write $target"
        say "$got: downloaded from $(host_of "$url")"
        return 0
      fi
      reason="what $url gave is $(kind_of "$part")"
      rm -f "$part"
    done
    [ -n "$tried" ] || break
    round=$((round + 1))
  done
  rmdir "${target%/*}" 2> /dev/null
  complain "$path: not downloaded ($reason)"
  return 1
}

scratch=$(mktemp -d) || fail 73 "cannot make a temporary folder"
list=$scratch/list
own=$scratch/own
served=$scratch/served
unpacked=$scratch/unpacked
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
files > "$list" || fail 66 "cannot read ${DATA_CHECKSUMS:-}"

# Two at once would spoil each other's unfinished files.
mkdir -p "$folder" 2> /dev/null
if [ -d "$folder" ] && command -v flock > /dev/null; then
  exec 9< "$folder"
  flock -n 9 || fail 75 "another download into $folder is running; wait for it"
fi

status=0
for name; do
  if [ "$name" = fashion-mnist ] && [ ! -d "$folder/$name" ] \
    && [ -e "$debian_fashion/train-images-idx3-ubyte.gz" ]; then
    say "fashion-mnist: $debian_fashion has it (Debian's dataset-fashion-mnist)"
    continue
  fi
  if is_there_otherwise "$name"; then continue; fi
  while read -r sha256 path urls; do
    case $sha256 in '' | '#'* | =) continue ;; esac
    case $path in "$name"/*) ;; *) continue ;; esac
    inspect "$path"
    case $? in
      0) continue ;;
      65)
        status=65
        continue
        ;;
    esac
    # shellcheck disable=SC2086 # the URLs are words
    download "$path" $urls < /dev/null || [ $status -ne 0 ] || status=66
  done < "$list"
done
rmdir "$folder" 2> /dev/null
[ $status -ne 66 ] || complain "some files are missing; run it again later, or put them into $folder"
exit $status
