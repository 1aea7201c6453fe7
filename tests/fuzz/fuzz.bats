#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# A minute of make fuzz.

setup() {
    [ -z "${CROSS:-}" ] || skip "needs programs of this machine's own kind"
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    command -v "${FUZZ_CC:-clang}" >/dev/null || skip "clang is not installed; tests/packages.txt names its package"
    export FUZZ_DIR=${BUILD:-build/release}/fuzz
    local program
    for program in calls settings; do
        if [ ! -x "$FUZZ_DIR/$program" ]; then
            echo "$FUZZ_DIR/$program does not exist: make check-fuzz builds it"
            return 1
        fi
    done
}

@test "sequences of calls, sound and unsound, and configurations: ${FUZZ_SECONDS:-60} seconds" {
    tests/fuzz/run "${FUZZ_SECONDS:-60}"
}
