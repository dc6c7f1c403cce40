#!/bin/sh
# What a portal on S3 has to show:  end2end/s3/run.sh end2end/s3/test.sh PROGRAM CARGO-TEST-FLAGS...
set -eu
program=$1
shift
cd "$(dirname "$0")/../.."
cargo test "$@" artifacts::
python3 scripts/with_portal.py "$program" end2end/python/run.sh -q test_artifacts.py test_models.py test_serving.py::test_stopped_and_started
"$TEST_S3_PYTHON" -B end2end/s3/cut.py "$program"
"$TEST_S3_PYTHON" -B end2end/s3/away.py "$program"
