#!/bin/sh
# The portal as a pod, from deploy/kubernetes, and the main job through its Service; then all is deleted, and what is left is counted.
#
#   end2end/cluster/cluster.py run --node --slipway PROGRAM -- end2end/kubernetes/inside.sh      of a release: a debug build reads its files from disk
set -eu
cd "$(dirname "$0")/../.."
password=$(python3 -c 'import secrets; print(secrets.token_hex(12))')
kubectl apply -f deploy/kubernetes/rbac.yaml >/dev/null
kubectl -n slipway create secret generic slipway-admin --from-literal=user=admin "--from-literal=password=$password" >/dev/null
sed -e 's#registry.example.org/slipway-{name}:1#slipway.test/{name}:1#; s#registry.example.org/slipway:1#slipway.test/slipway:1#' deploy/kubernetes/slipway.yaml | kubectl apply -f - >/dev/null
if ! kubectl -n slipway rollout status deployment/slipway --timeout=300s; then
    kubectl -n slipway describe pods
    kubectl -n slipway logs deployment/slipway --tail=40
    exit 1
fi
address=$(kubectl -n slipway get service slipway -o jsonpath='{.spec.clusterIP}')
SLIPWAY_PASSWORD=$password python3 scripts/demo.py --url "http://$address:8080" --once || {
    kubectl -n slipway logs deployment/slipway --tail=40
    exit 1
}
# Uninstalled, nothing of the portal itself is left; teams' namespaces go with the label.
kubectl delete namespaces -l slipway.dev/portal=slipway,app.kubernetes.io/managed-by=slipway --timeout=300s >/dev/null
sed -e 's#{name}#x#' deploy/kubernetes/slipway.yaml | kubectl delete -f - --timeout=300s >/dev/null
kubectl delete -f deploy/kubernetes/rbac.yaml --timeout=300s >/dev/null
left=$(kubectl get namespaces,clusterroles,clusterrolebindings,persistentvolumes -o name | grep -i slipway | grep -v -- '-tests$' || true)
[ -z "$left" ] || { echo "left behind: $left" >&2; exit 1; }
