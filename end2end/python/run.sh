#!/bin/sh
# Runs the real MLflow client against a running server.
#
#   SLIPWAY_URL=http://127.0.0.1:8080 SLIPWAY_TOKEN=... end2end/python/run.sh [pytest arguments]
#
# The environment is the one that runs train in, from the same lock, made once in the user's cache.
# The last line of output is pytest's own summary.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
environments="$here/../../server/runtimes/environments"
env=$("$here/../../scripts/venv.sh" client "$environments/train.lock" "$environments/test.lock")

unset PYTHONPATH PYTHONDONTWRITEBYTECODE
cd "$here"
exec "$env/bin/python" -m pytest "$@"
