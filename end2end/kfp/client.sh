#!/bin/sh
# Runs the real client of Kubeflow Pipelines against a running portal.
#
#   SLIPWAY_URL=http://127.0.0.1:8080 SLIPWAY_TOKEN=... SLIPWAY_TEAM=... end2end/kfp/client.sh [pytest arguments]
#
# The environment is made once in the user's cache, from the lock. The last line of output is pytest's own summary.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
env=$("$here/../../scripts/venv.sh" kfp "$here/client.lock")

unset PYTHONPATH PYTHONDONTWRITEBYTECODE
cd "$here"
exec "$env/bin/python" -m pytest "$@"
