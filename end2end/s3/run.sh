#!/bin/sh
# Runs a command beside an S3 server of its own:  end2end/s3/run.sh COMMAND...
#
# The server is moto's, with users and rights in force. The command finds TEST_S3 (its URL), TEST_S3_ID and TEST_S3_SECRET (of a user who has
# the rights of deploy/s3/policy.json in the bucket `slipway` and no others) and TEST_S3_PYTHON, which has boto3. All is made once in the user's
# cache, from the lock.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lock="$here/s3.lock"
python=${PYTHON:-python3}
hash=$(sha256sum <"$lock" | cut -c1-12)
env="${XDG_CACHE_HOME:-$HOME/.cache}/slipway/test/s3-$hash"

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

exec "$env/bin/python" "$here/serve.py" "$@"
