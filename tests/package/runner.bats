#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# tests/run itself: what it does with programs that hang, fail, or have nothing to say.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    LIB=$(realpath "${LIB:-${BUILD:-build/release}/libcompatmalloc.so.1}")
    export LIB BUILD=$BATS_TEST_TMPDIR RUNNER=
    mkdir -p "$BUILD/tests/unit"
}

# program NAME: a test program, from standard input.
program() {
    { echo '#!/bin/sh' && cat; } >"$BUILD/tests/unit/test_$1"
    chmod +x "$BUILD/tests/unit/test_$1"
}

@test "a program that hangs is ended, and the others run; one that takes its time is left alone" {
    program hangs <<<'echo 1..2; echo ok 1 - begins; sleep 1000 & sleep 1000'
    # shellcheck disable=SC2016 # for the program to expand
    program slow <<<'echo 1..6; for i in 1 2 3 4 5 6; do sleep 2; echo "ok $i - goes on"; done'
    SILENCE_LIMIT=10 run -1 tests/run unit
    echo "$output"
    [[ $output == *"FAIL unit/test_hangs: planned 2 tests, ran 1: exit status "* ]]
    [ "${lines[-1]}" = "7 passed, 1 failed, 0 skipped" ]
}

@test "a program that ends badly is a failure, whatever it printed" {
    program crashes <<<'echo 1..1; echo ok 1 - fine; kill -SEGV $$'
    program ends-early <<<'echo 1..2; echo ok 1 - fine'
    program silent <<<'exit 0'
    run -1 tests/run unit
    echo "$output"
    [[ $output == *"FAIL unit/test_crashes: no test failed, and yet: exit status 139"* ]]
    [[ $output == *"FAIL unit/test_ends-early: planned 2 tests, ran 1: "* ]]
    [[ $output == *"FAIL unit/test_silent: printed no plan: "* ]]
    [ "${lines[-1]}" = "2 passed, 3 failed, 0 skipped" ]
}

@test "nothing to run is no success" {
    run -1 tests/run unit
    [[ $output == *"nothing was tested"* || $output == *"FAIL unit: no programs in "* ]]
    run -1 tests/run no-such-suite
    [[ $output == *"no such suite"* ]]
}
