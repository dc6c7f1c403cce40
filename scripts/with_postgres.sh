#!/bin/sh
# Runs a command beside a PostgreSQL of its own, which ends with it:  scripts/with_postgres.sh COMMAND...
# The command finds its address in TEST_DATABASE_URL; portals that scripts start use it. With POSTGRES_HOST, an address of this machine, it is
# reached by TCP there, as by the pods of a cluster for tests.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || { echo "no initdb under /usr/lib/postgresql (Debian: apt install postgresql)" >&2; exit 1; }
folder=$(mktemp -d /tmp/slipway-pg-XXXXXX)
server=""
end() {
    [ -z "$server" ] || { kill -INT "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT TERM

# initdb refuses to run as root.
as=""
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    as="setpriv --reuid=postgres --regid=postgres --clear-groups --"
fi
here=$(pwd)
cd "$folder"
$as "$bin/initdb" -D "$folder/data" -A trust -U postgres --no-sync -E UTF8 --locale=C.UTF-8 >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
host=${POSTGRES_HOST:-} port=5432
if [ -n "$host" ]; then
    port=$(python3 -c 'import socket, sys; s = socket.socket(); s.bind((sys.argv[1], 0)); print(s.getsockname()[1])' "$host")
    echo "host all all 10.0.0.0/8 trust" >>"$folder/data/pg_hba.conf"
fi
$as "$bin/postgres" -D "$folder/data" -k "$folder" -c "listen_addresses=$host" -p "$port" -c logging_collector=off >"$folder/log" 2>&1 </dev/null &
server=$!
tries=0
until "$bin/pg_isready" -q -h "$folder" -p "$port" -U postgres; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { cat "$folder/log" >&2; exit 1; }
    sleep 0.1
done
cd "$here"
if [ -n "$host" ]; then
    TEST_DATABASE_URL="postgres://postgres@$host:$port/postgres" "$@"
else
    TEST_DATABASE_URL="postgres://postgres@localhost/postgres?host=$folder" "$@"
fi
