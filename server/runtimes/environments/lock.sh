#!/bin/sh
# Resolves the requirements of each shipped environment again: NAME.in -> NAME.lock.
#
#   ./lock.sh                 all environments, newest versions that the requirements allow
#   ./lock.sh train serve     only these
#
# The locks hold exact versions and the hashes of every file of each, for all platforms, and nothing about
# the machine or the package index they were made with. They are resolved for the oldest interpreter we
# support, patch level included: a plain `3.11` would mean 3.11.0 and lose newer releases for nothing.
# The old lock is removed first, because uv keeps the pins of an output file that exists.
set -eu
cd "$(dirname "$0")"
OLDEST_PYTHON=${OLDEST_PYTHON:-3.11.2} # Debian 12

command -v uv >/dev/null || { echo "lock.sh needs uv: pip install uv" >&2; exit 1; }
[ $# -gt 0 ] || set -- notebook train serve test
for name in "$@"; do
    [ -f "$name.in" ] || { echo "no such environment: $name.in" >&2; exit 1; }
    rm -f "$name.lock.new"
    uv pip compile --quiet --universal --python-version "$OLDEST_PYTHON" --fork-strategy fewest \
        --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
        --output-file "$name.lock.new" "$name.in" >/dev/null
    if grep -nE '://|^-|^ *--(index|extra|find)' "$name.lock.new"; then
        echo "$name.lock would name a host or a path, see the lines above" >&2
        rm -f "$name.lock.new"
        exit 1
    fi
    mv "$name.lock.new" "$name.lock"
    echo "$name.lock: $(grep -c '^[A-Za-z0-9]' "$name.lock") packages"
done
