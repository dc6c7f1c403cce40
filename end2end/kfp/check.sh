#!/bin/sh
# The compiled pipelines are what the SDK makes of them:  end2end/kfp/check.sh
#
# `end2end/kfp/check.sh write` makes them. The environment is made once in the user's cache, from the lock.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
env=$("$here/../../scripts/venv.sh" kfp-compile "$here/compile.lock")

unset PYTHONPATH
export PYTHONDONTWRITEBYTECODE=1
[ "${1:-check}" = write ] && exec "$env/bin/python" "$here/compile.py"
exec "$env/bin/python" "$here/compile.py" --check
