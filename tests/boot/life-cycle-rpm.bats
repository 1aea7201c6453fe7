#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# RPM packages are upgraded, downgraded, reinstalled and removed in a booted container, while nginx and redis serve requests
# under the library and programs start with it in /etc/ld.so.preload.

bats_require_minimum_version 1.5.0

setup_file() {
    # shellcheck source=tests/boot/life-cycle.bash
    . "$BATS_TEST_DIRNAME/life-cycle.bash"
    play_scenario rpm life-cycle-rpm life
}

setup() {
    # shellcheck source=tests/boot/life-cycle.bash
    . "$BATS_TEST_DIRNAME/life-cycle.bash"
    skip_without_container
}

@test "rpm: the services run under the library, and a bug is stopped with a report" {
    services_are_protected
    bug_is_reported
}

@test "rpm: upgrade, downgrade, reinstallation and removal disturb no process" {
    services_are_the_same_throughout
}

@test "rpm: not one request fails meanwhile" {
    no_request_failed
}

@test "rpm: each program starts in silence at every moment" {
    starts_were_silent "$R/starts"
}

@test "rpm: the library's file is the old one or the new one at every moment" {
    file_was_whole
}

@test "rpm: upgrades leave /etc/ld.so.preload alone; removal takes our entry out and nothing else" {
    preload_file_is_kept_and_cleaned
}

@test "rpm: the timer of the metrics keeps running, until the package goes" {
    timer_goes_with_the_package
}

@test "rpm: a customised configuration is kept while the package is there, and saved when it goes" {
    configuration_is_kept upgraded downgraded upgraded-again reinstalled
    [ ! -e "$R/removed/conf" ]
    grep -q 'saved as /etc/compatmalloc.conf.rpmsave' "$R/probe.log"
}
