#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# PostgreSQL: pgbench's transactions, which write, and then those which only read, each in a connection of its own.
set -eu
# shellcheck source=bench/programs/service.bash
. "$(dirname "$0")/service.bash"
cd "$2"
for directory in /usr/lib/postgresql/*/bin; do
    [ ! -x "$directory/postgres" ] || PATH=$directory:$PATH
done

start() {
    (unprivileged postgres -D data -k "$2" -c listen_addresses= -c fsync=off >>server.log 2>&1) &
    service=$!
    wait_for pg_isready -q -h "$2" -U bench
}

if [ "$1" = prepare ]; then
    open_directory "$2"
    (unprivileged initdb -D data -U bench -A trust --no-sync >initdb.log)
    start "$@"
    without createdb -h "$2" -U bench bench
    without pgbench -h "$2" -U bench -i -q -s 2 bench 2>>pgbench.log
else
    start "$@"
    load pgbench -h "$2" -U bench -n -c 4 -t 500 bench
    load pgbench -h "$2" -U bench -n -C -S -c 4 -t 50 bench
fi
kill -INT "$service"
wait "$service"
