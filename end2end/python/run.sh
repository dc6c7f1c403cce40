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
locks="$environments/train.lock $environments/test.lock"
python=${PYTHON:-python3}
hash=$(cat $locks | sha256sum | cut -c1-12)
env="${XDG_CACHE_HOME:-$HOME/.cache}/slipway/test/client-$hash"

if [ ! -f "$env/.complete" ]; then
    rm -rf "$env"
    mkdir -p "$(dirname "$env")"
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$python" --no-python-downloads "$env"
        uv pip sync --quiet --require-hashes --compile-bytecode --python "$env" $locks
    else
        "$python" -m venv "$env"
        "$env/bin/pip" install --quiet --require-hashes $(printf -- '-r %s ' $locks)
    fi
    touch "$env/.complete"
fi

unset PYTHONPATH PYTHONDONTWRITEBYTECODE
cd "$here"
exec "$env/bin/python" -m pytest "$@"
