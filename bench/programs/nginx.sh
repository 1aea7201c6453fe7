#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# nginx: pages that it compresses, asked for by wrk.
set -eu
# shellcheck source=bench/programs/service.bash
. "$(dirname "$0")/service.bash"
cd "$2"
port=18273
if [ "$1" = prepare ]; then
    open_directory "$2"
    seq 1 2000 >page.txt
    cat >nginx.conf <<CONF
daemon off;
worker_processes 1;
pid $2/pid;
error_log $2/error.log;
events { }
http {
    access_log off;
    gzip on;
    gzip_types *;
    client_body_temp_path $2/body;
    proxy_temp_path $2/proxy;
    fastcgi_temp_path $2/fastcgi;
    uwsgi_temp_path $2/uwsgi;
    scgi_temp_path $2/scgi;
    server {
        listen 127.0.0.1:$port;
        root $2;
    }
}
CONF
    # wrk stops after a time; this stops it after a number.
    cat >number.lua <<'LUA'
local answers = 0
function response()
    answers = answers + 1
    if answers == 6000 then
        os.exit(0)
    end
end
LUA
else
    (unprivileged nginx -c "$2/nginx.conf" -e "$2/error.log") &
    service=$!
    wait_for bash -c ": </dev/tcp/127.0.0.1/$port"
    load wrk -t 1 -c 10 -d 60s -s number.lua -H 'Accept-Encoding: gzip' "http://127.0.0.1:$port/page.txt"
    kill "$service"
    wait "$service"
fi
