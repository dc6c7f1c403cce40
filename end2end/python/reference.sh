#!/bin/sh
# Proves the suite against MLflow's own server: what fails here is wrong in the suite, not in Slipway.
#
#   end2end/python/reference.sh [pytest arguments]
#
# Installs `mlflow` of the version that train is locked to into the user's cache (once), starts its server on a
# free port over an SQLite file and a folder, both thrown away afterwards, and runs the suite against it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's/^mlflow-skinny==\([0-9.]*\).*/\1/p' "$here/../../server/runtimes/environments/train.lock")
python=${PYTHON:-python3}
env="${XDG_CACHE_HOME:-$HOME/.cache}/slipway/reference/mlflow-$version"
data=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" || :; }; rm -rf "$data"' EXIT INT TERM

if [ ! -f "$env/.complete" ]; then
    rm -rf "$env"
    mkdir -p "$(dirname "$env")"
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$python" --no-python-downloads "$env"
        uv pip install --quiet --compile-bytecode --python "$env" "mlflow==$version"
    else
        "$python" -m venv "$env"
        "$env/bin/pip" install --quiet "mlflow==$version"
    fi
    touch "$env/.complete"
fi

port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
MLFLOW_DISABLE_TELEMETRY=true "$env/bin/mlflow" server --host 127.0.0.1 --port "$port" --workers 1 --serve-artifacts \
    --backend-store-uri "sqlite:///$data/mlflow.db" --artifacts-destination "$data/artifacts" >"$data/log" 2>&1 &
server=$!
tries=0
until "$python" -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/health', timeout=2)" 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt 90 ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$data/log" >&2
        exit 1
    fi
    sleep 1
done
SLIPWAY_URL="http://127.0.0.1:$port" SLIPWAY_TOKEN= "$here/run.sh" "$@"
