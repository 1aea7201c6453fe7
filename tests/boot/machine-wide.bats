#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# A container in which every process has the library from init on: in-container boots it once, and machine-wide/probe does
# what is done on an ordinary day. Whatever is reported must be a bug: there is one, in buggy-service.

bats_require_minimum_version 1.5.0

setup_file() {
    # shellcheck source=tests/boot/scenario.bash
    . "$BATS_TEST_DIRNAME/scenario.bash"
    play_scenario deb machine-wide all
}

setup() {
    # shellcheck source=tests/boot/scenario.bash
    . "$BATS_TEST_DIRNAME/scenario.bash"
    skip_without_container
}

@test "every process has the library, init too" {
    cat "$R/all.processes"
    [ "$(wc -l <"$R/all.processes")" -ge 8 ]
    grep -q '^1 systemd mapped$' "$R/all.processes"
    run ! grep -v ' mapped$' "$R/all.processes"
}

@test "services serve, and none has failed but the one with a bug" {
    cat "$R/system-state" "$R/failed-units"
    [ "$(cat "$R/http")" = 200 ]
    [ "$(cat "$R/redis")" = PONG ]
    run ! grep -vx 'buggy.service' "$R/failed-units"
}

@test "a user logs in" {
    cat "$R/login.out"
    grep -q '^tester' "$R/login.out"
    grep -Eq '^[1-9][0-9]*' "$R/login.out"
    grep -q '^Name=tester' "$R/login.out"
}

@test "jobs run at their times" {
    [ "$(wc -l <"$R/ticks")" -ge 2 ]
}

@test "packages are installed, reinstalled and upgraded" {
    cat "$R/apt.out"
    [ ! -s "$R/apt.failed" ]
}

@test "a thousand short-lived processes" {
    [ "$(cat "$R/short.started")" -ge 1000 ]
    [ ! -s "$R/short.failed" ]
}

@test "nothing is reported but the bug" {
    run ! grep -v '"COMPATMALLOC_PROGRAM":"[^"]*buggy-service"' "$R/journal-entries"
    grep -q '"COMPATMALLOC_PROGRAM":"[^"]*buggy-service"' "$R/journal-entries"
    [ "$(grep -c '^compatmalloc: [a-z-]*: ' "$R/messages")" -gt 0 ]
    run ! grep -E '^compatmalloc: (out-of-memory|metadata-corruption|bad-free|double-free|new-delete)' "$R/messages"
}
