#!/bin/sh
# The server killed, and Kubernetes taken away bit by bit below it:  end2end/cluster/cluster.py run --node --slipway PROGRAM -- end2end/kubernetes/faults.sh PROGRAM
# In a cluster that is --impatient: its node taken away.
set -eu
program=$1
cd "$(dirname "$0")/../.."
. end2end/kubernetes/rights.sh
if ! grep -q '"impatient": true' "$TEST_CLUSTER/cluster.json"; then
    scripts/with_postgres.sh python3 end2end/kill/kill.py "$program" "${SEED:-1}"
fi
scripts/with_postgres.sh python3 end2end/kubernetes/faults.py "$program"
