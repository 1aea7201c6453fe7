#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Debian's nginx and redis, and a service with a bug, in a booted container with the packages installed: in-container
# boots it three times and leaves its findings in $R; the tests read them.

bats_require_minimum_version 1.5.0

setup_file() {
    # shellcheck source=tests/boot/scenario.bash
    . "$BATS_TEST_DIRNAME/scenario.bash"
    play_scenario deb inside .
}

setup() {
    # shellcheck source=tests/boot/scenario.bash
    . "$BATS_TEST_DIRNAME/scenario.bash"
    skip_without_container
}

# all_processes STATE FILE COUNT: at least COUNT processes, and all of them in this state.
all_processes() {
    cat "$2"
    [ "$(wc -l <"$2")" -ge "$3" ]
    run ! grep -v " $1\$" "$2"
}

serves() {
    cat "$1"/{http,redis,nginx.state,redis-server.state}
    [ "$(cat "$1/http")" = 200 ]
    [ "$(cat "$1/redis")" = PONG ]
    grep -qx ActiveState=active "$1/nginx.state"
    grep -qx ActiveState=active "$1/redis-server.state"
}

# The processes are the same ones, with the same things mapped, and systemd has restarted nothing.
same_processes() {
    diff -u "$1/nginx.processes" "$2/nginx.processes"
    diff -u "$1/redis-server.processes" "$2/redis-server.processes"
    diff -u "$1/nginx.state" "$2/nginx.state"
    diff -u "$1/redis-server.state" "$2/redis-server.state"
}

field() {
    sed -n "s/^$1[:=]//p" "$2" | tr -d '\r'
}

@test "installing the packages changes nothing about the running services" {
    serves "$R/before/installed"
    all_processes not-mapped "$R/before/installed/nginx.processes" 2
    all_processes not-mapped "$R/before/installed/redis-server.processes" 1
    same_processes "$R/before/first" "$R/before/installed"
}

@test "the machine boots with the drop-in enabled" {
    cat "$R/with/system-state"
    run ! grep -qx 'offline\|maintenance' "$R/with/system-state"
    serves "$R/with/first"
}

@test "every process of nginx has the library mapped" {
    all_processes mapped "$R/with/first/nginx.processes" 2
}

@test "every process of redis has the library mapped" {
    all_processes mapped "$R/with/first/redis-server.processes" 1
}

@test "nginx answers wrk without an error" {
    cat "$R/with/wrk.out"
    [ "$(cat "$R/with/wrk.status")" -eq 0 ]
    [ "$(grep -c 'requests in' "$R/with/wrk.out")" -eq 2 ]
    run ! grep -E 'Non-2xx|Socket errors' "$R/with/wrk.out"
    # What wrk counted is in nginx's log, every line of it a success.
    local counted
    counted=$(awk '/requests in/ { n += $1 } END { print n }' "$R/with/wrk.out")
    [ "$counted" -gt 1000 ]
    [ "$(cat "$R/with/nginx.answered-200")" -ge "$counted" ]
    [ ! -s "$R/with/nginx.answered-otherwise" ]
}

@test "redis serves redis-benchmark without an error" {
    cat "$R/with/redis-benchmark.out"
    [ "$(cat "$R/with/redis-benchmark.status")" -eq 0 ]
    run ! grep -i error "$R/with/redis-benchmark.out"
    [ "$(grep -c '^"SET"' "$R/with/redis-benchmark.out")" -eq 3 ]
    [ "$(field total_error_replies "$R/with/redis.info")" -eq 0 ]
    # 13 tests of 20,000 commands, 6 of 10,000, 3 of 3,000.
    [ "$(field total_commands_processed "$R/with/redis.info")" -ge 329000 ]
    [ "$(cat "$R/with/redis.grown")" -eq 198218 ]
}

@test "redis writes a snapshot from a forked child" {
    [ "$(field rdb_saves "$R/with/redis.info")" -ge 1 ]
    [ "$(field rdb_bgsave_in_progress "$R/with/redis.info")" -eq 0 ]
    [ "$(field rdb_last_bgsave_status "$R/with/redis.info")" = ok ]
}

@test "the services are the same processes after the load, and still serve" {
    serves "$R/with/loaded"
    same_processes "$R/with/first" "$R/with/loaded"
}

@test "nothing is reported about nginx and redis" {
    run ! grep 'compatmalloc: ' "$R/with/services.log"
    run ! grep -v '"COMPATMALLOC_PROGRAM":"[^"]*buggy-service"' "$R/with/journal-entries"
}

@test "the buggy service dies by SIGABRT" {
    grep -E '^(Result|ExecMain(Code|Status))=' "$R/with/buggy.state"
    grep -Eqx 'Result=(signal|core-dump)' "$R/with/buggy.state"
    [ "$(field ExecMainStatus "$R/with/buggy.state")" -eq 6 ]
    grep -Eq 'Main process exited, code=(killed|dumped), status=6/ABRT' "$R/with/buggy.journal"
}

@test "its report is in the journal and names kind, block and size" {
    cat "$R/with/buggy.journal"
    grep -Eq '^compatmalloc: heap-buffer-overflow: 1 byte written past the end of a 100-byte block at 0x[0-9a-f]+' \
        "$R/with/buggy.journal"
    # It was stopped at the overflow: what the program does next never happened.
    run ! grep 'waiting for the next request' "$R/with/buggy.journal"
}

# The value of a field of the first entry that the buggy service made.
entry() {
    python3 -c 'import json, sys; print(json.loads(open(sys.argv[1]).readline())[sys.argv[2]])' "$R/with/journal-entries" "$1"
}

@test "the same event is in the journal, field by field" {
    cat "$R/with/journal-entries"
    local address
    address=$(entry COMPATMALLOC_ADDRESS)
    [[ $address =~ ^0x[0-9a-f]+$ ]]
    [ "$(entry MESSAGE)" = "compatmalloc: heap-buffer-overflow: 1 byte written past the end of a 100-byte block at $address (found by free)" ]
    [ "$(entry MESSAGE_ID)" = a2f2aa04ada943bd9799f93f77165b4f ]
    [ "$(entry PRIORITY)" = 2 ]
    [ "$(entry SYSLOG_IDENTIFIER)" = compatmalloc ]
    [ "$(entry COMPATMALLOC_KIND)" = heap-buffer-overflow ]
    [ "$(entry COMPATMALLOC_OPERATION)" = free ]
    [ "$(entry COMPATMALLOC_SIZE)" = 100 ]
    [ "$(entry COMPATMALLOC_SLOT_SIZE)" -ge 108 ]
    [ "$(entry COMPATMALLOC_OFFSET)" = 0 ]
    [ "$(entry COMPATMALLOC_BYTES)" = 0a ]
    [ "$(entry COMPATMALLOC_PID)" = "$(entry _PID)" ]
    [ "$(entry COMPATMALLOC_TID)" = "$(entry _PID)" ]
    [ "$(entry COMPATMALLOC_PROGRAM)" = /opt/boot-test/buggy-service ]
    [ "$(entry _SYSTEMD_UNIT)" = buggy.service ]
    [ "$(entry _TRANSPORT)" = journal ]
    [ "$(entry COMPATMALLOC_VERSION)" = "$(sed -n 's/^VERSION *:= //p' "$BATS_TEST_DIRNAME/../../Makefile")" ]
}

@test "the journal names the place in the program, as addr2line takes it" {
    local place
    place=$(entry COMPATMALLOC_CALLER)
    [ "${place%+*}" = /opt/boot-test/buggy-service ]
    [ "$(addr2line -f -e "$R/buggy-service" "${place##*+}" | head -n 1)" = main ]
}

@test "journalctl -x explains it" {
    cat "$R/with/journal-explained"
    grep -q 'Subject: /opt/boot-test/buggy-service misused its heap: heap-buffer-overflow' "$R/with/journal-explained"
    grep -q 'coredumpctl debug [0-9]' "$R/with/journal-explained"
}

@test "under ld.so.preload the file applies to a set-user-ID program, and its user's environment does not" {
    local all="quarantine guard-pages slot-randomization canaries poison-on-free write-after-free-check"
    [ "$(cat "$R/with/ordinary.features")" = "${all/canaries /}"$'\n'passthrough ]
    [ "$(cat "$R/with/set-user-id.features")" = "$all"$'\n'"$all" ]
}

@test "systemd restarts it" {
    [ "$(field NRestarts "$R/with/buggy.state")" -gt 0 ]
}

@test "removing the packages disturbs no running service" {
    serves "$R/with/purged"
    same_processes "$R/with/loaded" "$R/with/purged"
}

@test "without the packages the machine boots and serves, unprotected" {
    serves "$R/after/first"
    all_processes not-mapped "$R/after/first/nginx.processes" 2
    all_processes not-mapped "$R/after/first/redis-server.processes" 1
}

@test "without the packages nobody notices the bug" {
    [ "$(field ActiveState "$R/after/buggy.state")" = active ]
    [ "$(field NRestarts "$R/after/buggy.state")" -eq 0 ]
}
