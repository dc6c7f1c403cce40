#!/bin/sh
# The server killed, and Kubernetes taken away bit by bit below it:  end2end/cluster/cluster.py run --node --impatient --slipway PROGRAM -- end2end/kubernetes/faults.sh PROGRAM
set -eu
program=$1
cd "$(dirname "$0")/../.."
. end2end/kubernetes/rights.sh
scripts/with_postgres.sh python3 end2end/kill/kill.py "$program" "${SEED:-1}"
scripts/with_postgres.sh python3 end2end/kubernetes/faults.py "$program"
