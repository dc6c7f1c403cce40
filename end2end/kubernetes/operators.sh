#!/bin/sh
# Pods that Kubeflow's and KServe's kinds make, inside of a cluster for tests with their own controllers:
#
#   end2end/cluster/cluster.py run --node --scenario kubeflow --operators jobset,trainer,kserve,kueue --audit --slipway PROGRAM -- end2end/kubernetes/operators.sh PROGRAM
#
# The conformance suite and what only these kinds have, then the main job, as an account that has the rights of deploy/kubernetes/rbac.yaml and
# no others: no call is refused, and none of the rights for these kinds is idle. The notebook controller alone is played (notebooks.py says how).
set -eu
program=$1
cd "$(dirname "$0")/../.."

kubectl apply -f deploy/kubernetes/rbac.yaml >/dev/null
end2end/cluster/cluster.py user "$TEST_CLUSTER" slipway >/dev/null
for role in slipway slipway-usage slipway-kubeflow; do
    kubectl create clusterrolebinding "$role-tests" --clusterrole "$role" --user slipway >/dev/null
done
export TEST_CLUSTER_USER=slipway

echo "Kubeflow's notebook controller is played by end2end/kubernetes/notebooks.py; JobSet, Trainer, KServe and Kueue are their own."
python3 -B end2end/kubernetes/notebooks.py &
played=$!
trap 'kill "$played"' EXIT

cargo test -p server -p app --features app/ssr --test cluster -- --test-threads 4 kubeflow notebook:: kueue::
python3 scripts/demo.py "$program" --once --port "${PORT:-18080}" --data "$TEST_CLUSTER/portal"
end2end/cluster/cluster.py audit "$TEST_CLUSTER" slipway --role slipway-kubeflow
