#!/bin/sh
# Tests the model server against real models, in an environment made from the locks.
#
#   server/runtimes/test.sh [pytest arguments]
#
# The last line of output is pytest's own summary.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
env=$("$here/../../scripts/venv.sh" model-server "$here/environments/serve.lock" "$here/environments/test.lock")

unset PYTHONPATH PYTHONDONTWRITEBYTECODE
cd "$here/model_server"
exec "$env/bin/python" -m pytest "$@"
