#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Debian's packages are upgraded, downgraded, reinstalled and removed in a booted container, while nginx and redis serve requests
# under the library and programs start with it in /etc/ld.so.preload.

bats_require_minimum_version 1.5.0

setup_file() {
    # shellcheck source=tests/boot/life-cycle.bash
    . "$BATS_TEST_DIRNAME/life-cycle.bash"
    play_scenario deb life-cycle life
}

setup() {
    # shellcheck source=tests/boot/life-cycle.bash
    . "$BATS_TEST_DIRNAME/life-cycle.bash"
    skip_without_container
}

@test "deb: the services run under the library, and a bug is stopped with a report" {
    services_are_protected
    bug_is_reported
}

@test "deb: upgrade, downgrade, reinstallation and removal disturb no process" {
    services_are_the_same_throughout
}

@test "deb: not one request fails meanwhile" {
    no_request_failed
}

@test "deb: each program starts in silence at every moment" {
    starts_were_silent "$R/starts"
}

@test "deb: and so does each 32-bit program" {
    [ "$(uname -m)" = x86_64 ] || skip "this machine runs no 32-bit programs for x86"
    [ -e /lib32/libc.so.6 ] || skip "libc6-i386 is not installed"
    starts_were_silent "$R/starts-32"
}

@test "deb: the library's file is the old one or the new one at every moment" {
    file_was_whole
}

@test "deb: upgrades leave /etc/ld.so.preload alone; removal takes our entry out and nothing else" {
    preload_file_is_kept_and_cleaned
}

@test "deb: the timer of the metrics keeps running, until the package goes" {
    timer_goes_with_the_package
}

@test "deb: a customised configuration is kept through everything but a purge" {
    configuration_is_kept upgraded downgraded upgraded-again reinstalled removed installed-again
    [ ! -e "$R/purged/conf" ]
}

@test "deb: the package's own tests (debian/tests) pass on the machine it is installed on" {
    local name
    tail -n 20 "$R"/debian-test-*.log
    for name in programs service machine-wide; do
        grep -qx "$name 0" "$R/debian-tests"
    done
    # 77: the container has no compiler.
    grep -Eqx 'build (0|77)' "$R/debian-tests"
}
