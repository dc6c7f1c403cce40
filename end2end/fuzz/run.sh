#!/bin/sh
# Fuzzes the API of a running portal from its own document, as an editor and as nobody.
#
#   SLIPWAY_URL=... SLIPWAY_TOKEN=... SLIPWAY_USER=... SLIPWAY_PASSWORD=... SLIPWAY_TEAM=... end2end/fuzz/run.sh
#
# The environment is made once in the user's cache, from the lock. `SEED=` and `SECONDS_EACH=` may be given.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
env=$("$here/../../scripts/venv.sh" fuzz "$here/fuzz.lock")

unset PYTHONPATH PYTHONDONTWRITEBYTECODE
exec "$env/bin/python" "$here/fuzz.py"
