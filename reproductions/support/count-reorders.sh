#!/usr/bin/env bash
# Counts the oneDNN primitives of a training step of the convolutional network, reorders among them.
# usage: count-reorders.sh [path of bench-networks]
set -euo pipefail

bench=${1:-.build/release/bench-networks}

# The output layer's gradient of the weights is one primitive a step, as is the hidden layer's.
ONEDNN_VERBOSE=1 "$bench" cnn | awk -F, '
  /^onednn_verbose(,v1)?(,primitive)?,exec,/ {
    sub(/^onednn_verbose(,v1)?(,primitive)?,exec,/, "")
    count[$2]++
    if ($2 == "inner_product" && $4 ~ /^backward_weights/) steps += 0.5
  }
  END {
    if (steps == 0) { print "no training step was seen" > "/dev/stderr"; exit 1 }
    for (kind in count) printf "%-16s %8.2f a step\n", kind, count[kind] / steps
    printf "%d steps; reorders beyond whole numbers are those of setting up\n", steps
  }' | sort
