#!/bin/sh
# Fuzzes the API of a running portal from its own document, as an editor and as nobody.
#
#   SLIPWAY_URL=... SLIPWAY_TOKEN=... SLIPWAY_USER=... SLIPWAY_PASSWORD=... SLIPWAY_TEAM=... end2end/fuzz/run.sh
#
# The environment is made once in the user's cache, from the lock. `SEED=` and `SECONDS_EACH=` may be given.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lock="$here/fuzz.lock"
python=${PYTHON:-python3}
hash=$(sha256sum <"$lock" | cut -c1-12)
env="${XDG_CACHE_HOME:-$HOME/.cache}/slipway/test/fuzz-$hash"

if [ ! -f "$env/.complete" ]; then
    rm -rf "$env"
    mkdir -p "$(dirname "$env")"
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$python" --no-python-downloads "$env"
        uv pip sync --quiet --require-hashes --compile-bytecode --python "$env" "$lock"
    else
        "$python" -m venv "$env"
        "$env/bin/pip" install --quiet --require-hashes -r "$lock"
    fi
    touch "$env/.complete"
fi

unset PYTHONPATH PYTHONDONTWRITEBYTECODE
exec "$env/bin/python" "$here/fuzz.py"
