#!/usr/bin/env bash
# Proves: in virtual time, with failures, preemption and time limits on 1 to 1,000 nodes, the rounds of
# cluster.sh make every run of the profile paper once, or go on with it from its last checkpoint.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec python3 Tests/cluster/simulate.py "$@"
