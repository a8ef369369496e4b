#!/usr/bin/env bash
# Makes a Python virtual environment with PyTorch, optax, Keras and TensorFlow for the processor, once.
# Prints its interpreter. 2.9 GB with PyTorch's build for the processor: PIP_EXTRA_INDEX_URL or
# PIP_FIND_LINKS names where pip finds that; PyPI's own for Linux is several times as large.
#
# Usage: Tests/independent/environment.sh [FOLDER]      (default: .build/independent)
set -euo pipefail

own=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$own/../../.build/independent}
python=${PYTHON:-python3}
command -v "$python" >/dev/null || {
  echo "environment: there is no $python; set PYTHON" >&2
  exit 69
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "environment: $python is older than 3.11, which these versions need; set PYTHON" >&2
  exit 69
}
if ! cmp -s "$own/requirements.txt" "$folder/requirements.txt"; then
  rm -rf "$folder"
  if ! { "$python" -m venv "$folder" &&
    "$folder/bin/pip" install --quiet --only-binary :all: -r "$own/requirements.txt"; } >&2; then
    echo "environment: the packages could not be installed; see above" >&2
    exit 69
  fi
  cp "$own/requirements.txt" "$folder/requirements.txt"
fi
echo "$folder/bin/python"
