#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# redis: what redis-benchmark asks of it, by a socket.
set -eu
# shellcheck source=bench/programs/service.bash
. "$(dirname "$0")/service.bash"
cd "$2"
if [ "$1" = prepare ]; then
    open_directory "$2"
else
    (unprivileged redis-server --port 0 --unixsocket "$2/socket" --save '' --appendonly no) &
    service=$!
    wait_for redis-cli -s socket ping
    load redis-benchmark -s socket -q -n 15000 -r 100000 -c 20 -d 200 -t set,get,lpush,rpop,hset,zadd
    kill "$service"
    wait "$service"
fi
