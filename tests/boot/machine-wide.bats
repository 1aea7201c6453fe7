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

@test "users log in: on a terminal, by su, by ssh" {
    head -n 100 "$R/login.out" "$R"/su.* "$R"/ssh.* "$R/sftp.out"
    grep -q '^tester' "$R/login.out"
    grep -Eq '^[1-9][0-9]*' "$R/login.out"
    grep -q '^Name=tester' "$R/login.out"
    diff <(sed 's/^[1-9][0-9]*$/mapped/' "$R/su.out") <(printf '%s\n' root mapped Name=root)
    diff <(sed 's/^[1-9][0-9]*$/mapped/' "$R/ssh.out") <(for _ in 1 2 3 4 5; do printf '%s\n' tester mapped Name=tester; done)
    [ ! -s "$R/ssh.failed" ]
}

@test "jobs run at their times: cron's and a timer's" {
    cat "$R/jobs"
    for job in 'minute root' 'own tester' 'timer root'; do
        grep -Eq "^$job [1-9]" "$R/jobs"
    done
    [ "$(grep -c '^timer' "$R/jobs")" -ge 2 ]
}

@test "packages are installed, and upgraded from a repository" {
    cat "$R/apt.out" "$R"/versions.*
    [ ! -s "$R/apt.failed" ]
    [ "$(grep -c ' ii *$' "$R/versions.installed")" -eq 2 ]
    diff <(sed 's/ ii/+later ii/' "$R/versions.installed") "$R/versions.upgraded"
    run ! diff "$R/library.installed" "$R/library.upgraded"
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
