#!/bin/sh
# Runs a command beside an S3 server of its own:  end2end/s3/run.sh COMMAND...
#
# The server is moto's, with users and rights in force. The command finds TEST_S3 (its URL), TEST_S3_ID and TEST_S3_SECRET (of a user who has
# the rights of deploy/s3/policy.json in the bucket `slipway` and no others) and TEST_S3_PYTHON, which has boto3. All is made once in the user's
# cache, from the lock.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
env=$("$here/../../scripts/venv.sh" s3 "$here/s3.lock")

exec "$env/bin/python" "$here/serve.py" "$@"
