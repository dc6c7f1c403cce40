#!/bin/sh
# Makes the environment of a test once, from its locks, and prints its folder:  scripts/venv.sh NAME LOCK...
#
# It lies in the user's cache, named after its locks: it is made again when they change. Who comes while it is being made waits.
# With uv on the path it takes seconds, without it venv and pip do the same more slowly.
set -eu
name=$1
shift
python=${PYTHON:-python3}
hash=$(cat "$@" | sha256sum | cut -c1-12)
env="${XDG_CACHE_HOME:-$HOME/.cache}/slipway/test/$name-$hash"
mkdir -p "$(dirname "$env")"
exec 9>"$env.lock"
flock 9
if [ ! -f "$env/.complete" ]; then
    rm -rf "$env"
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$python" --no-python-downloads "$env" >&2
        uv pip sync --quiet --require-hashes --compile-bytecode --python "$env" "$@" >&2
    else
        "$python" -m venv "$env" >&2
        for lock in "$@"; do set -- "$@" -r "$lock"; shift; done
        "$env/bin/pip" install --quiet --require-hashes "$@" >&2
    fi
    touch "$env/.complete"
fi
echo "$env"
