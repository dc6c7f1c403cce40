#!/bin/sh
# What a real Kubernetes has to show, inside of a cluster for tests:  end2end/cluster/cluster.py run --node --audit --slipway PROGRAM -- end2end/kubernetes/run.sh PROGRAM
#
# The conformance suite and what only Kubernetes has; then the main job on PostgreSQL, in Chromium and by script, and roll-outs under load, with the very specs of the local
# cluster, programs and declared runtimes among them; pipelines that the SDK compiled; then a portal without a route to pods, and what an admin sets about nodes and pods. All as an account that has the rights of
# deploy/kubernetes/rbac.yaml and rbac-outside.yaml and no others. The API server's own log tells then that no call was refused and no right of the
# former is idle.
set -eu
program=$1
cd "$(dirname "$0")/../.."

. end2end/kubernetes/rights.sh

# More at once than the node has processors only makes all of them late.
cargo test -p server -p app --features app/ssr --test cluster -- --test-threads 4 kubernetes pods:: by_hand::
scripts/with_postgres.sh end2end/browser.sh "$program" job.spec.mjs --output test-results-kubernetes
scripts/with_postgres.sh python3 scripts/with_portal.py "$program" python3 -m unittest discover -s end2end/cli -v
scripts/with_postgres.sh python3 scripts/with_portal.py "$program" python3 end2end/kfp/run.py \
    artifacts all_together caching canceled container exit_handler importing memory one_of resources retry team_secrets tracking
ROLL_OUTS="${ROLL_OUTS:-4}" scripts/with_postgres.sh python3 scripts/with_portal.py "$program" end2end/python/run.sh test_serving.py test_runtimes.py -k "roll_outs or test_runtimes"
python3 end2end/kubernetes/outside.py "$program"
python3 end2end/kubernetes/placement.py "$program"
end2end/cluster/cluster.py audit "$TEST_CLUSTER" slipway --role slipway
