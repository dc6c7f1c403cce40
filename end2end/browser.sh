#!/bin/sh
# The specs of the dashboard in Chromium:  end2end/browser.sh PROGRAM [SPEC...]     without a program: only what they need is installed
set -eu
cd "$(dirname "$0")"
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --silent
[ $# -gt 0 ] || exit 0
export SLIPWAY_BIN="$1" CHROMIUM="$(command -v chromium-headless-shell || command -v chromium || command -v google-chrome)"
shift
npm test --silent -- "$@"
