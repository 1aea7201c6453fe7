#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The documentation, followed to the letter: every command that it gives for a machine is run on one, in a booted container.

bats_require_minimum_version 1.5.0

setup_file() {
    # shellcheck source=tests/boot/scenario.bash
    . "$BATS_TEST_DIRNAME/scenario.bash"
    play_scenario deb documentation documentation
}

setup() {
    # shellcheck source=tests/boot/scenario.bash
    . "$BATS_TEST_DIRNAME/scenario.bash"
    skip_without_container
}

@test "every command of the documentation does what it is there for" {
    local name status bad=
    [ "$(wc -l <"$R/statuses")" -ge 40 ]
    while read -r name status; do
        case $name in
        *.fails) [ "$status" -ne 0 ] && [ "$status" -lt 124 ] || [ "$status" -eq 134 ] || bad+=" $name" ;;
        *) [ "$status" -eq 0 ] || bad+=" $name" ;;
        esac
    done <"$R/statuses"
    for name in $bad; do
        echo "--- $name: exit status $(awk -v name="$name" '$1 == name { print $2 }' "$R/statuses")"
        cat "$R/$name.log"
    done
    [ -z "$bad" ]
}

@test "the bug that it shows is stopped as it says" {
    grep -h '^compatmalloc: heap-buffer-overflow: 1 byte written past the end of a 100-byte block at 0x[0-9a-f]* (found by free)$' \
        "$R"/*-getting-started.md-*.fails.log
}
