# To be sourced: the portal of these tests has the rights of deploy/kubernetes/rbac.yaml and rbac-outside.yaml and no others.
kubectl apply -f deploy/kubernetes/rbac.yaml -f deploy/kubernetes/rbac-outside.yaml >/dev/null
end2end/cluster/cluster.py user "$TEST_CLUSTER" slipway >/dev/null
for role in slipway slipway-usage slipway-outside; do
    kubectl create clusterrolebinding "$role-tests" --clusterrole "$role" --user slipway >/dev/null
done
export TEST_CLUSTER_USER=slipway
