#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Debian's nginx and redis under the library as it was built, without packages and without a container: what scripts/demo
# does where no container can be booted. Needs no root.

bats_require_minimum_version 1.5.0

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    local library
    library=$(realpath "${LIB:-${BUILD:-build/release}/libcompatmalloc.so.1}")
    export R=$BATS_FILE_TMPDIR/results/with
    tests/boot/on-this-machine "$library" "$BATS_FILE_TMPDIR/results" >"$BATS_FILE_TMPDIR/log" 2>&1 || {
        cat "$BATS_FILE_TMPDIR/log" >&2
        return 1
    }
}

field() {
    sed -n "s/^$1://p" "$R/redis.info" | tr -d '\r'
}

@test "without a container: every process of nginx and redis has the library mapped" {
    cat "$R"/first/*.processes
    [ "$(wc -l <"$R/first/nginx.processes")" -ge 2 ]
    [ "$(wc -l <"$R/first/redis-server.processes")" -ge 1 ]
    run ! grep -hv ' mapped$' "$R/first/nginx.processes" "$R/first/redis-server.processes"
}

@test "without a container: nginx answers wrk without an error" {
    cat "$R/wrk.out"
    [ "$(cat "$R/wrk.status")" -eq 0 ]
    [ "$(grep -c 'requests in' "$R/wrk.out")" -eq 2 ]
    run ! grep -E 'Non-2xx|Socket errors' "$R/wrk.out"
    [ "$(cat "$R/nginx.answered-200")" -gt 1000 ]
    [ ! -s "$R/nginx.answered-otherwise" ]
}

@test "without a container: redis serves redis-benchmark without an error" {
    cat "$R/redis-benchmark.out"
    [ "$(cat "$R/redis-benchmark.status")" -eq 0 ]
    [ "$(field total_error_replies)" -eq 0 ]
    [ "$(field rdb_last_bgsave_status)" = ok ]
    [ "$(cat "$R/redis.grown")" -eq 198218 ]
}

@test "without a container: the same processes serve after the load, and nothing is reported about them" {
    diff -u "$R/first/nginx.processes" "$R/loaded/nginx.processes"
    diff -u "$R/first/redis-server.processes" "$R/loaded/redis-server.processes"
    [ "$(cat "$R/loaded/http" "$R/loaded/redis" | xargs)" = "200 PONG" ]
    run ! grep compatmalloc: "$R/services.log"
}

@test "without a container: the buggy service dies by SIGABRT, with a report" {
    cat "$R/buggy.journal"
    [ "$(cat "$R/buggy.status")" -eq 134 ]
    grep -Eq '^compatmalloc: heap-buffer-overflow: 1 byte written past the end of a 100-byte block at 0x[0-9a-f]+' "$R/buggy.journal"
}
