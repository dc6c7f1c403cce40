#!/bin/sh
# The chart, installed by the real Helm, with PostgreSQL and S3 on this machine:
#
#   end2end/cluster/cluster.py run --node -- end2end/kubernetes/helm.sh IMAGE.tar      what end2end/image/image.py makes
set -eu
cd "$(dirname "$0")/../.."
end2end/cluster/cluster.py load "$TEST_CLUSTER" "$1"
# This machine as pods see it.
here=$(python3 -c 'import json, os; print("10.99.%d.1" % json.load(open(os.environ["TEST_CLUSTER"] + "/cluster.json"))["number"])')
POSTGRES_HOST=$here SERVE_HOST=$here exec scripts/with_postgres.sh end2end/s3/run.sh python3 -B end2end/kubernetes/helm.py
