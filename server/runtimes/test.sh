#!/bin/sh
# Tests the model server against real models, in an environment made from the locks.
#
#   server/runtimes/test.sh [pytest arguments]
#
# The environment lies in the user's cache, named after its locks: it is made once and again when they change.
# With uv on the path it takes seconds, without it venv and pip do the same more slowly.
# The last line of output is pytest's own summary.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
locks="$here/environments/serve.lock $here/environments/test.lock"
python=${PYTHON:-python3}
hash=$(cat $locks | sha256sum | cut -c1-12)
env="${XDG_CACHE_HOME:-$HOME/.cache}/slipway/test/model-server-$hash"

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
cd "$here/model_server"
exec "$env/bin/python" -m pytest "$@"
